package keystore

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"time"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper/secret"
)

// documentVersion is that of the documents which this program writes and reads.
const documentVersion = 1

// document is all that a store holds, as its engine keeps it. Nothing prints one.
type document struct {
	head
	content

	// sealed is the content as it was sealed last, nil if it was not or has changed since, and
	// contentRevision the revision that it was sealed for.
	sealed          []byte
	contentRevision int64
}

// head is what stays in clear text when a document is sealed.
type head struct {
	Version int `json:"version"`
	// Store is the name that the engine has for the store, empty if it has none.
	Store string `json:"store,omitzero"`
	// StoreID is random and stays for the life of the store. A copy gets another with its first write.
	StoreID string `json:"store_id"`
	// Revision counts the writes.
	Revision int64 `json:"revision"`
	// WriteID is random for each write. It shows whether a write of unknown outcome took effect.
	WriteID string `json:"write_id"`
	// Lock says who holds the lock, nil if nobody does or the engine has a lock of its own.
	Lock *storedLock `json:"lock,omitzero"`
}

// content is what a [Sealer] seals.
type content struct {
	Entries []storedEntry `json:"entries"`
	// Current has the key ID that is current for each base URL.
	Current map[string]string `json:"current"`
	// Journal has the record that was created first at the front.
	Journal []storedRecord `json:"journal"`
}

// storedLock is the lock of a store as its document has it. Every write of the holder changes the
// document, and so shows that the holder lives.
type storedLock struct {
	// Token is random for each time that the lock is taken.
	Token string `json:"token"`
	// Holder and Since are for people.
	Holder string    `json:"holder"`
	Since  time.Time `json:"since"`
	// Beat counts the writes that do nothing but show that the holder lives.
	Beat int64 `json:"beat"`
}

type storedEntry struct {
	KeyID          string      `json:"key_id"`
	Name           string      `json:"name"`
	Type           gen.KeyType `json:"type"`
	BaseURL        string      `json:"base_url"`
	State          State       `json:"state"`
	Scopes         []gen.Scope `json:"scopes,omitzero"`
	Subaccount     *int        `json:"subaccount,omitzero"`
	FCMSubtraderID *string     `json:"fcm_subtrader_id,omitzero"`
	Warning        string      `json:"warning,omitzero"`
	CreatedAt      time.Time   `json:"created_at"`
	ChangedAt      time.Time   `json:"changed_at"`
	PublicKey      string      `json:"public_key"`
	PrivateKey     string      `json:"private_key,omitzero"`
}

type storedRecord struct {
	ID   string `json:"id"`
	Data []byte `json:"data"`
	// StoreID is that of the store which wrote the record first.
	StoreID string `json:"store_id"`
}

// next returns a copy to be changed, as the next write. A document that was copied from another place
// becomes a store of its own.
func (d *document) next(isCopy bool) *document {
	next := &document{head: d.head, sealed: d.sealed, contentRevision: d.contentRevision, content: content{
		Entries: slices.Clone(d.Entries), Current: maps.Clone(d.Current), Journal: slices.Clone(d.Journal),
	}}
	next.Version, next.WriteID = documentVersion, newID()
	next.Revision++
	if next.StoreID == "" || isCopy {
		next.StoreID, next.sealed = newID(), nil
	}
	if next.Current == nil {
		next.Current = map[string]string{}
	}
	return next
}

// encodeJSON is the only place where private keys become bytes to be written.
func encodeJSON(value any, indent string) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", indent)
	if err := encoder.Encode(value); err != nil {
		panic("keystore: a value without JSON form was to be stored")
	}
	return b.Bytes()
}

// encode returns the document in clear text, for people to read too.
func (d *document) encode() []byte {
	return encodeJSON(struct {
		head
		content
	}{d.head, d.content}, "  ")
}

// decodeDocument reads what encode returned.
func decodeDocument(data []byte, place string, known *document) (*document, error) {
	if err := decodeVersion(data, place); err != nil {
		return nil, err
	}
	var read struct {
		head
		content
	}
	if !decodeStrict(data, &read) {
		return nil, damaged(place, "it is JSON, but not that of a store")
	}
	d := &document{head: read.head, content: read.content}
	if problem := d.problem(known); problem != "" {
		return nil, damaged(place, problem)
	}
	return d, nil
}

// decodeVersion returns an error for what is not JSON with a version that this program reads.
func decodeVersion(data []byte, place string) error {
	var read struct {
		Version int `json:"version"`
	}
	if !json.Valid(data) {
		return damaged(place, "it is not JSON, or a part of it is missing")
	}
	if err := json.Unmarshal(data, &read); err != nil || read.Version < 1 {
		return damaged(place, "it has no version")
	}
	if read.Version > documentVersion {
		return newer(place)
	}
	return nil
}

// decodeStrict reports whether data is the JSON of value, without further fields. An error of package
// json would quote the data.
func decodeStrict(data []byte, value any) bool {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	return decoder.Decode(value) == nil
}

// problem returns what is wrong with a document that was read, "" if nothing.
func (d *document) problem(known *document) string {
	if problem := d.head.problem(); problem != "" {
		return problem
	}
	for i, stored := range d.Entries {
		if d.entryAt(stored.KeyID) != i {
			return "it holds two entries with one key ID"
		}
		if at := known.entryAt(stored.KeyID); at >= 0 && reflect.DeepEqual(known.Entries[at], stored) {
			continue
		}
		if problem := stored.entry().problem(); problem != "" {
			return "of one of its entries, " + problem
		}
	}
	for baseURL, keyID := range d.Current {
		switch at := d.entryAt(keyID); {
		case at < 0:
			return "the current key of a base URL is not in it"
		case d.Entries[at].BaseURL != baseURL:
			return "the current key of a base URL belongs to another base URL"
		}
	}
	for i, record := range d.Journal {
		if d.recordAt(record.ID) != i || checkRecord(JournalRecord{ID: record.ID, Data: record.Data}) != nil || record.StoreID == "" {
			return "a record of its journal is invalid"
		}
	}
	return ""
}

func (h head) problem() string {
	switch {
	case h.StoreID == "" || h.WriteID == "" || h.Revision < 1:
		return "it lacks its store ID, write ID or revision"
	case h.Lock != nil && h.Lock.Token == "":
		return "its lock has no token"
	}
	return ""
}

// entryAt returns where the entry with keyID is, -1 if nowhere.
func (d *document) entryAt(keyID string) int {
	return slices.IndexFunc(d.Entries, func(e storedEntry) bool { return e.KeyID == keyID })
}

// recordAt returns where the record with id is, -1 if nowhere.
func (d *document) recordAt(id string) int {
	return slices.IndexFunc(d.Journal, func(r storedRecord) bool { return r.ID == id })
}

// stored returns an entry as a document holds it. They share no memory.
func (e Entry) stored() storedEntry {
	return storedEntry{
		KeyID: e.KeyID, Name: e.Name, Type: e.Type, BaseURL: e.BaseURL, State: e.State,
		Scopes: slices.Clone(e.Scopes), Subaccount: clone(e.Subaccount), FCMSubtraderID: clone(e.FCMSubtraderID),
		Warning: e.Warning, CreatedAt: e.CreatedAt.UTC(), ChangedAt: e.ChangedAt.UTC(),
		PublicKey: e.PublicKey, PrivateKey: e.PrivateKey.RevealPrivateKey(),
	}
}

// entry returns what a document holds as an entry. They share no memory.
func (e storedEntry) entry() Entry {
	entry := Entry{
		KeyID: e.KeyID, Name: e.Name, Type: e.Type, BaseURL: e.BaseURL, State: e.State,
		Scopes: slices.Clone(e.Scopes), Subaccount: clone(e.Subaccount), FCMSubtraderID: clone(e.FCMSubtraderID),
		Warning: e.Warning, CreatedAt: e.CreatedAt, ChangedAt: e.ChangedAt, PublicKey: e.PublicKey,
	}
	if e.PrivateKey != "" {
		entry.PrivateKey = secret.NewPEM(e.PrivateKey)
	}
	return entry
}

func clone[T any](p *T) *T {
	if p == nil {
		return nil
	}
	return new(*p)
}
