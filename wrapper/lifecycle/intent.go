package lifecycle

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/secret"
)

// action is what an intent is about.
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

// intent is a record of the journal: what an operation is about to do. What it has done shows in
// the store's entries and in the service's list, so an intent is written once and deleted when
// all of it is done or undone. Only the watch for a key that never appeared changes it.
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
	// WatchUntil is set once the request was given up: a key that still appears is revoked.
	WatchUntil time.Time `json:"watch_until,omitzero"`

	// OldKeyID is the key to revoke, by rotate after the Grace, by revoke at once.
	OldKeyID string        `json:"old_key_id,omitempty"`
	Grace    time.Duration `json:"grace,omitempty"`
	// Successor becomes current before revoke deletes the key in use.
	Successor string `json:"successor,omitempty"`
}

// intentJSON is an intent with its secret in clear, for the journal alone.
type intentJSON struct {
	intent

	ClearPrivateKey string `json:"private_key,omitempty"`
}

// write puts the intent into the journal.
func (m *Manager) write(ctx context.Context, in intent) error {
	data, err := json.Marshal(intentJSON{in, in.PrivateKey.RevealPrivateKey()}) //nolint:gosec // The journal is where the private key has to be.
	if err != nil {
		return fmt.Errorf("lifecycle: journal: %w", err)
	}
	if err := m.store.PutJournal(lasting(ctx), keystore.JournalRecord{ID: in.Tag, Data: data}); err != nil {
		return fmt.Errorf("lifecycle: journal: %w", err)
	}
	return nil
}

// drop deletes the intent from the journal: all of it is done or undone.
func (m *Manager) drop(ctx context.Context, in intent) error {
	if err := m.store.DeleteJournal(lasting(ctx), in.Tag); err != nil {
		return unfinished("nothing is left to do, but the journal still says so", err)
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
		return intent{}, fmt.Errorf("lifecycle: journal record %q cannot be read; keep it, and ask whoever wrote it", record.ID)
	}
	if read.Version != intentVersion || read.Tag != record.ID || !read.Action.known() {
		return intent{}, fmt.Errorf("lifecycle: journal record %q is of another version of this program; recover with that one", record.ID)
	}
	read.PrivateKey = secret.NewPEM(read.ClearPrivateKey)
	return read.intent, nil
}

// lasting returns ctx without its end, for writes to the store: what is known must get there,
// most of all a private key that is shown once.
func lasting(ctx context.Context) context.Context {
	return context.WithoutCancel(ctx)
}
