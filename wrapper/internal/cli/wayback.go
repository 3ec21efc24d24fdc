package cli

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/internal/shell"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/lifecycle"
)

// hintedError is an error of a store whose hint names keys in it.
type hintedError struct {
	error

	hint string
}

func (e *hintedError) Unwrap() error { return e.error }

// withOldCopy adds to the service's "unknown key" that a store's current key may be that of an old copy.
func (s *settings) withOldCopy(err error) error {
	dir, _ := s.storeToSignWith() // an error of it came before this one
	if dir == "" || !errors.Is(err, wrapper.ErrUnknownKey) || errors.Is(err, lifecycle.ErrUnfinished) {
		return err
	}
	return &hintedError{err, "If the store " + shownStore(dir) + " was copied or put back from a backup, it is older than the last rotation: " +
		"put back a newer copy, or run kalshi-keys import with a key that works"}
}

// withWayBack returns err with the command that makes a stored key current, if err says that no
// usable key is current and the store holds others.
func withWayBack(ctx context.Context, keys managed, err error) error {
	_, isDamaged := errors.AsType[*keystore.DamagedError](err)
	if !isDamaged && !errors.Is(err, keystore.ErrNoCurrent) && !errors.Is(err, lifecycle.ErrRevoked) {
		return err
	}
	if isDamaged && keys.store.engine != nil {
		return err // nothing can be set aside there
	}
	current, problem := keys.store.current.Current(ctx, keys.baseURL)
	if problem == nil && current.State != keystore.StateRevoked {
		return err
	}
	ids := keys.usable(ctx)
	if len(ids) == 0 {
		return err
	}
	way := "kalshi-keys import " + ids[0] + " --store " + shell.Word(keys.store.place) + " --base-url " + shell.Word(keys.baseURL)
	if len(ids) > 1 {
		way += ", or the same with another key of the store: " + strings.Join(ids[1:], ", ")
	}
	if isDamaged {
		return &hintedError{err, hintSetAside + ". Then run " + way}
	}
	return &hintedError{err, "Run " + way}
}

// usable returns the IDs of the stored keys that could become current: those known to work
// first, then the newest first.
func (m managed) usable(ctx context.Context) []string {
	entries, _ := m.store.List(ctx) // those that can be read are what counts here
	entries = slices.DeleteFunc(entries, func(entry keystore.Entry) bool {
		return entry.BaseURL != m.baseURL || entry.PrivateKey.IsEmpty() // as it is once a key is revoked
	})
	rank := func(entry keystore.Entry) int {
		if entry.State == keystore.StateActive {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(entries, func(a, b keystore.Entry) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), b.CreatedAt.Compare(a.CreatedAt))
	})
	var ids []string
	for _, entry := range entries {
		ids = append(ids, entry.KeyID)
	}
	return ids
}
