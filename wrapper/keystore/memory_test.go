package keystore_test

import (
	"bytes"
	"cmp"
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/keystore/keystoretest"
	"kalshi.internal/apikeys/wrapper/secret"
)

// defectVariable has TestAStoreInMemoryIsAStore run with a defect, in a process of its own.
const defectVariable = "KEYSTORE_TEST_DEFECT"

func TestAStoreInMemoryIsAStore(t *testing.T) {
	defect := os.Getenv(defectVariable)
	keystoretest.Run(t, func(*testing.T) keystore.Store { return newMemory(defect) })
}

func TestABrokenStoreFailsTheSuite(t *testing.T) {
	for defect, caughtBy := range map[string]string{
		"forgets an entry":             "an_entry_comes_back_as_it_was_put",
		"forgets bindings":             "an_entry_comes_back_as_it_was_put",
		"replaces anything":            "no_key_is_lost_by_putting_another",
		"takes anything":               "an_entry_that_contradicts_itself_is_refused",
		"keeps revoked private keys":   "a_revoked_entry_stays_without_its_private_key",
		"lists the newest first":       "entries_are_listed_oldest_first",
		"shares memory":                "what_is_handed_out_is_the_caller's_own",
		"has one current key for all":  "every_base_URL_has_its_own_current_key",
		"makes anything current":       "what_cannot_sign_here_cannot_become_current",
		"remembers the entry it chose": "the_current_entry_is_returned_as_it_is_now",
		"orders records by ID":         "records_come_back_in_the_order",
		"moves a replaced record":      "a_replaced_record_keeps_its_place",
		"never deletes a record":       "a_deleted_record_is_gone",
		"writes without the lock":      "nothing_is_written_without_the_lock",
		"locks twice":                  "the_lock_waits_until_the_context_ends",
		"unlocks twice":                "unlocking_again_does_nothing",
		"ignores the context":          "an_ended_context_changes_nothing",
	} {
		t.Run(defect, func(t *testing.T) {
			t.Parallel()
			// That property alone: with this defect, others may end the process before it has said a word.
			property := "-test.run=^TestAStoreInMemoryIsAStore$/^" + caughtBy
			command := exec.CommandContext(t.Context(), os.Args[0], property, "-test.timeout=5m")
			command.Env = append(os.Environ(), defectVariable+"="+defect)
			out, err := command.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "--- FAIL: TestAStoreInMemoryIsAStore/"+caughtBy) {
				t.Errorf("%s did not fail: %v\n%s", caughtBy, err, out)
			}
		})
	}
}

// memory is a second backend, and a broken one if it has a defect. It is for tests that do not
// read while another goroutine writes.
type memory struct {
	// lock is full while the lock is held, and only who holds the lock uses the rest.
	defect  string
	lock    chan struct{}
	held    atomic.Bool
	entries map[string]keystore.Entry
	current map[string]string
	chosen  map[string]keystore.Entry
	journal []keystore.JournalRecord
}

func newMemory(defect string) *memory {
	holders := 1
	if defect == "locks twice" {
		holders = 2
	}
	return &memory{
		defect: defect, lock: make(chan struct{}, holders),
		entries: map[string]keystore.Entry{}, current: map[string]string{}, chosen: map[string]keystore.Entry{},
	}
}

func (m *memory) Lock(ctx context.Context) (func() error, error) {
	if err := ctx.Err(); err != nil && m.defect != "ignores the context" {
		return nil, err
	}
	if err := m.acquire(ctx); err != nil {
		return nil, err
	}
	m.held.Store(true)
	var done atomic.Bool
	return func() error {
		if done.Swap(true) && m.defect != "unlocks twice" {
			return nil
		}
		m.held.Store(false)
		select {
		case <-m.lock:
		default:
		}
		return nil
	}, nil
}

// acquire looks at the context only if the lock cannot be had at once: of two that are ready, a
// select takes either.
func (m *memory) acquire(ctx context.Context) error {
	select {
	case m.lock <- struct{}{}:
		return nil
	default:
	}
	select {
	case m.lock <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (m *memory) mayWrite(ctx context.Context) error {
	if !m.held.Load() && m.defect != "writes without the lock" {
		return keystore.ErrNotLocked
	}
	if m.defect == "ignores the context" {
		return nil
	}
	return ctx.Err()
}

func (m *memory) Put(ctx context.Context, entry keystore.Entry) error {
	if err := m.mayWrite(ctx); err != nil {
		return err
	}
	prepared, err := keystore.Prepare(entry)
	switch {
	case err != nil && m.defect != "takes anything":
		return err
	case err == nil && m.defect == "keeps revoked private keys":
		prepared.PrivateKey = entry.PrivateKey
	case m.defect == "forgets bindings":
		prepared.Subaccount = nil
	}
	if stored, ok := m.entries[prepared.KeyID]; ok && m.defect != "replaces anything" {
		if err := keystore.CheckReplace(stored, prepared); err != nil {
			return err
		}
	}
	if m.defect != "forgets an entry" {
		m.entries[prepared.KeyID] = m.own(prepared)
	}
	return nil
}

// own returns an entry that shares no memory with the given one.
func (m *memory) own(entry keystore.Entry) keystore.Entry {
	if m.defect == "shares memory" {
		return entry
	}
	entry.PrivateKey = secret.NewPEM(entry.PrivateKey.RevealPrivateKey())
	entry.Scopes = slices.Clone(entry.Scopes)
	if entry.Subaccount != nil {
		entry.Subaccount = new(*entry.Subaccount)
	}
	return entry
}

func (m *memory) Get(_ context.Context, keyID string) (keystore.Entry, error) {
	entry, ok := m.entries[keyID]
	if !ok {
		return keystore.Entry{}, keystore.ErrNotFound
	}
	return m.own(entry), nil
}

func (m *memory) List(context.Context) ([]keystore.Entry, error) {
	var entries []keystore.Entry
	for _, entry := range m.entries {
		entries = append(entries, m.own(entry))
	}
	slices.SortFunc(entries, func(a, b keystore.Entry) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.KeyID, b.KeyID))
	})
	if m.defect == "lists the newest first" {
		slices.Reverse(entries)
	}
	return entries, nil
}

func (m *memory) SetCurrent(ctx context.Context, baseURL, keyID string) error {
	if err := m.mayWrite(ctx); err != nil {
		return err
	}
	baseURL, err := m.normal(baseURL)
	if err != nil {
		return err
	}
	entry, ok := m.entries[keyID]
	if !ok {
		return keystore.ErrNotFound
	}
	if m.defect != "makes anything current" && m.defect != "has one current key for all" {
		if err := keystore.CheckCurrent(entry, baseURL); err != nil {
			return err
		}
	}
	m.current[baseURL], m.chosen[baseURL] = keyID, entry
	return nil
}

func (m *memory) normal(baseURL string) (string, error) {
	if m.defect == "has one current key for all" {
		return "all", nil
	}
	return keystore.NormalizeBaseURL(baseURL)
}

func (m *memory) Current(ctx context.Context, baseURL string) (keystore.Entry, error) {
	baseURL, err := m.normal(baseURL)
	if err != nil {
		return keystore.Entry{}, err
	}
	keyID, ok := m.current[baseURL]
	if !ok {
		return keystore.Entry{}, keystore.ErrNoCurrent
	}
	if m.defect == "remembers the entry it chose" {
		return m.chosen[baseURL], nil
	}
	return m.Get(ctx, keyID)
}

func (m *memory) PutJournal(ctx context.Context, record keystore.JournalRecord) error {
	if err := m.mayWrite(ctx); err != nil {
		return err
	}
	if err := keystore.CheckRecord(record); err != nil {
		return err
	}
	record.Data = bytes.Clone(record.Data)
	i := m.indexOf(record.ID)
	if i >= 0 && m.defect == "moves a replaced record" {
		m.journal = slices.Delete(m.journal, i, i+1)
		i = -1
	}
	if i >= 0 {
		m.journal[i] = record
	} else {
		m.journal = append(m.journal, record)
	}
	return nil
}

func (m *memory) indexOf(id string) int {
	return slices.IndexFunc(m.journal, func(record keystore.JournalRecord) bool { return record.ID == id })
}

func (m *memory) Journal(context.Context) ([]keystore.JournalRecord, error) {
	journal := slices.Clone(m.journal)
	if m.defect == "orders records by ID" {
		slices.SortFunc(journal, func(a, b keystore.JournalRecord) int { return cmp.Compare(a.ID, b.ID) })
	}
	return journal, nil
}

func (m *memory) DeleteJournal(ctx context.Context, id string) error {
	if err := m.mayWrite(ctx); err != nil {
		return err
	}
	if i := m.indexOf(id); i >= 0 && m.defect != "never deletes a record" {
		m.journal = slices.Delete(m.journal, i, i+1)
	}
	return nil
}
