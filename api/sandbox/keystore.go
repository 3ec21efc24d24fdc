package sandbox

import (
	"crypto"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// forgetAfter is how long a deleted key is remembered for lists that show an older state.
const forgetAfter = time.Hour

// key is an API key. Its private half is never part of it.
type key struct {
	KeyState
	public crypto.PublicKey
	// created and deleted are zero for a bootstrapped key, which always was, and for a key that
	// is not deleted.
	created, deleted time.Time
}

func (k key) authenticates(now time.Time, choices Choices) bool {
	started := !now.Before(k.created.Add(choices.CreateDelay))
	ended := !k.deleted.IsZero() && !now.Before(k.deleted.Add(choices.DeleteDelay))
	return started && !ended
}

// existsAt reports whether the key had been created at that time and not yet deleted.
func (k key) existsAt(at time.Time) bool {
	return !at.Before(k.created) && (k.deleted.IsZero() || at.Before(k.deleted))
}

func (k key) restricted() bool { return k.Subaccount != nil || k.Subtrader != nil }

// keyStore holds the keys of all accounts, in the order in which they were made.
type keyStore struct {
	mu   sync.RWMutex
	keys []*key
	byID map[string]*key
}

func (s *keyStore) find(id string) (key, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if found := s.byID[id]; found != nil {
		return *found, true
	}
	return key{}, false
}

// add keeps a key, unless it would break a limit on the account's keys.
func (s *keyStore) add(added key, choices Choices) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(func(k *key) bool {
		return !k.Bootstrapped && !k.deleted.IsZero() && added.created.Sub(k.deleted) > forgetAfter
	})
	count := 0
	for _, k := range s.keys {
		if k.Account != added.Account || !k.deleted.IsZero() {
			continue
		}
		count++
		if choices.UniqueNames && k.Name == added.Name {
			return invalid("name: another API key of the account has it")
		}
	}
	if choices.MaxKeys > 0 && count >= choices.MaxKeys {
		return invalid("the account has reached its limit of API keys")
	}
	s.insert(added)
	return nil
}

// addBootstrapped keeps a key whatever the limits.
func (s *keyStore) addBootstrapped(added key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.insert(added)
}

// insert keeps a key; the caller holds the lock.
func (s *keyStore) insert(added key) {
	if s.byID == nil {
		s.byID = map[string]*key{}
	}
	s.keys = append(s.keys, &added)
	s.byID[added.ID] = &added
}

// forget drops keys; the caller holds the lock.
func (s *keyStore) forget(drop func(*key) bool) {
	s.keys = slices.DeleteFunc(s.keys, drop)
	maps.DeleteFunc(s.byID, func(_ string, k *key) bool { return drop(k) })
}

// remove deletes a key of the account, and reports whether there was one.
func (s *keyStore) remove(account, id string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.byID[id]
	if found == nil || found.Account != account || !found.deleted.IsZero() {
		return false
	}
	found.deleted = now
	return true
}

// listed returns the keys of the account that existed at the given time.
func (s *keyStore) listed(account string, at time.Time, order ListOrder) []key {
	s.mu.RLock()
	defer s.mu.RUnlock()
	keys := make([]key, 0, len(s.keys))
	for _, k := range s.keys {
		if k.Account == account && k.existsAt(at) {
			keys = append(keys, *k)
		}
	}
	switch order {
	case NewestFirst:
		slices.Reverse(keys)
	case ByName:
		slices.SortStableFunc(keys, func(a, b key) int { return strings.Compare(a.Name, b.Name) })
	}
	return keys
}

// reset brings back what was bootstrapped and forgets all other keys.
func (s *keyStore) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(func(k *key) bool { return !k.Bootstrapped })
	for _, k := range s.keys {
		k.deleted = time.Time{}
	}
}

// all returns the keys of all accounts, with those deleted lately.
func (s *keyStore) all() []key {
	s.mu.RLock()
	defer s.mu.RUnlock()
	keys := make([]key, 0, len(s.keys))
	for _, k := range s.keys {
		keys = append(keys, *k)
	}
	return keys
}

// KeyState is what the sandbox shows of a key to the person or program that runs it: no key material.
type KeyState struct {
	ID           string   `json:"api_key_id"`
	Account      string   `json:"account"`
	Name         string   `json:"name"`
	Type         KeyType  `json:"key_type"`
	Scopes       []string `json:"scopes"`
	Subaccount   *int     `json:"subaccount,omitempty"`
	Subtrader    *string  `json:"fcm_subtrader_id,omitempty"`
	Bootstrapped bool     `json:"bootstrapped"`
	Deleted      bool     `json:"deleted"`
}

// Keys returns the keys of all accounts as they are, whatever the delays, in the order in which
// they were made. Keys that were deleted within the last hour are among them.
func (s *Sandbox) Keys() []KeyState {
	states := []KeyState{}
	for _, k := range s.keys.all() {
		k.Deleted = !k.deleted.IsZero()
		states = append(states, k.KeyState)
	}
	return states
}
