package lifecycle

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/secret"
)

// action is the kind of change that an intent belongs to.
type action string

const (
	actionIssue  action = "issue"
	actionRotate action = "rotate"
	actionRevoke action = "revoke"
)

func (a action) known() bool {
	return a == actionIssue || a == actionRotate || a == actionRevoke
}

// intentVersion is the form of intents in the journal. A record of another form is left alone.
const intentVersion = 1

// intent is a record of the journal: what a change is about to do. The store's entries and
// the service's list show what it has done. So an intent is written once, and deleted when the
// change is finished or undone. Only the watch for a key that has not appeared changes it.
type intent struct {
	Version int       `json:"version"`
	Action  action    `json:"action"`
	Tag     string    `json:"tag"`
	BaseURL string    `json:"base_url"`
	Started time.Time `json:"started"`

	// What issue and rotate ask for. Name carries the tag.
	Name           string      `json:"name,omitempty"`
	Way            Way         `json:"way,omitempty"`
	Type           gen.KeyType `json:"type,omitempty"`
	Scopes         []gen.Scope `json:"scopes,omitempty"`
	Subaccount     *int        `json:"subaccount,omitempty"`
	FCMSubtraderID *string     `json:"fcm_subtrader_id,omitempty"`
	// PublicKey is set for create, PrivateKey if the pair was made here.
	PublicKey  string     `json:"public_key,omitempty"`
	PrivateKey secret.PEM `json:"-"`
	// WatchUntil is set once the request was given up: a key that still appears is revoked. It is the
	// service's time, as is LastLook. Looks counts the looks after that time, each further from the last
	// one than the settle time.
	WatchUntil time.Time `json:"watch_until,omitzero"`
	LastLook   time.Time `json:"last_look,omitzero"`
	Looks      int       `json:"looks,omitempty"`

	// OldKeyID is the key to revoke: by rotate after the Grace, by revoke at once.
	OldKeyID string        `json:"old_key_id,omitempty"`
	Grace    time.Duration `json:"grace,omitempty"`
	// Last allows revoke to delete the last key that works.
	Last bool `json:"last,omitempty"`

	// settled says that a list was looked at for doubles that was new enough to show the key.
	settled bool
	// foreign says that another store wrote the record, of which this one is a copy.
	foreign bool
}

// intentJSON is an intent with its private key in clear, for the journal alone.
type intentJSON struct {
	intent

	ClearPrivateKey string `json:"private_key,omitempty"`
}

// begin gives the intent a tag and puts it into the journal.
func (m *Manager) begin(ctx context.Context, in intent) (intent, error) {
	in.Version, in.Tag, in.BaseURL, in.Started = intentVersion, newTag(), m.baseURL, m.clock.Now()
	if in.Action != actionRevoke {
		in.Name = tagged(in.Name, in.Tag)
	}
	if err := m.write(ctx, in); err != nil {
		// The record may be there all the same. No request was sent, so no key has to be looked for.
		return in, errors.Join(err, m.drop(ctx, in))
	}
	return in, nil
}

// write puts the intent into the journal.
func (m *Manager) write(ctx context.Context, in intent) error {
	data, err := json.Marshal(intentJSON{in, in.PrivateKey.RevealPrivateKey()}) //nolint:gosec // The journal is where the private key has to be.
	if err == nil {
		err = m.store.PutJournal(lasting(ctx), keystore.JournalRecord{ID: in.Tag, Data: data})
	}
	if err != nil {
		return fmt.Errorf("lifecycle: journal: %w", err)
	}
	return nil
}

// drop deletes the intent from the journal, once its change is finished or undone.
func (m *Manager) drop(ctx context.Context, in intent) error {
	if err := m.store.DeleteJournal(lasting(ctx), in.Tag); err != nil {
		return unfinished("everything is done, but the journal still holds the change", err)
	}
	return nil
}

// intents returns what the journal holds for this base URL, the oldest first, and an error for
// what cannot be read. Unreadable records are left as they are.
func (m *Manager) intents(ctx context.Context) ([]intent, error) {
	records, err := m.store.Journal(ctx)
	problems := []error{err}
	var intents []intent
	for _, record := range records {
		in, err := decodeIntent(record)
		if err != nil {
			problems = append(problems, err)
		} else if in.BaseURL == m.baseURL {
			intents = append(intents, in)
		}
	}
	return intents, errors.Join(problems...)
}

// decodeIntent quotes nothing of the record: it may hold a private key.
func decodeIntent(record keystore.JournalRecord) (intent, error) {
	var read intentJSON
	if err := json.Unmarshal(record.Data, &read); err != nil {
		return intent{}, fmt.Errorf("lifecycle: journal record %q cannot be read; keep the store, and recover with the program that wrote it", record.ID)
	}
	if read.Version != intentVersion || read.Tag != record.ID || !read.Action.known() {
		return intent{}, fmt.Errorf("lifecycle: journal record %q is of another version of this program; recover with that one", record.ID)
	}
	read.PrivateKey = secret.NewPEM(read.ClearPrivateKey)
	read.foreign = record.Foreign
	return read.intent, nil
}

// A tag is "k" and ten characters of base 32, that is 50 random bits. Two equal tags in one
// account are too unlikely to happen. Nobody has recorded how long a name may be, so the tag
// leaves room in it.
const tagLength = 10

var tagAtEnd = regexp.MustCompile(`(^| )\[k[a-z2-7]{10}\]$`)

func newTag() string {
	return "k" + strings.ToLower(rand.Text()[:tagLength])
}

// tagged returns name with the tag in place of the one it may have had. An empty name becomes
// the tag alone.
func tagged(name, tag string) string {
	return strings.TrimSpace(tagAtEnd.ReplaceAllString(name, "") + " [" + tag + "]")
}

// carries reports whether name has the tag, wherever the service put it.
func carries(name, tag string) bool { return strings.Contains(name, "["+tag+"]") }
