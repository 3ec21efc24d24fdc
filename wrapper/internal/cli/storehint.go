package cli

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/lifecycle"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// storeHint returns what to do about an error of a store, "" if it does not say.
func storeHint(err error) string {
	if insecure, ok := errors.AsType[*keystore.InsecureError](err); ok {
		return insecure.Hint
	}
	if _, ok := errors.AsType[*keystore.DamagedError](err); ok {
		return "kalshi-keys recover --set-aside moves it out of the way"
	}
	switch {
	case errors.Is(err, lifecycle.ErrUnfinished):
		return "Run the command again, or kalshi-keys recover"
	case errors.Is(err, keystore.ErrNoCurrent), errors.Is(err, lifecycle.ErrRevoked):
		return "Run kalshi-keys import with a key that works, for this base URL"
	}
	return ""
}

// hintedError is an error of a store whose hint names keys in it.
type hintedError struct {
	error

	hint string
}

func (e *hintedError) Unwrap() error { return e.error }

// withWayBack returns err with the command that makes a stored key current, if err comes from
// there being no usable current key and the store holds others.
func withWayBack(ctx context.Context, keys managed, err error) error {
	_, isDamaged := errors.AsType[*keystore.DamagedError](err)
	if !isDamaged && !errors.Is(err, keystore.ErrNoCurrent) && !errors.Is(err, lifecycle.ErrRevoked) {
		return err
	}
	current, problem := keys.store.Current(ctx, keys.address)
	if problem == nil && current.State != keystore.StateRevoked {
		return err
	}
	ids := keys.usable(ctx)
	if len(ids) == 0 {
		return err
	}
	hint := "kalshi-keys import " + ids[0] + " --store " + shellWord(keys.dir) + " --base-url " + shellWord(keys.address)
	if len(ids) > 1 {
		hint += ", or the same with another key of the store: " + strings.Join(ids[1:], ", ")
	}
	if isDamaged {
		return &hintedError{err, storeHint(err) + ". Then run " + hint}
	}
	return &hintedError{err, "Run " + hint}
}

// usable returns the IDs of the stored keys that could become current: those known to work
// first, then the newest first.
func (m managed) usable(ctx context.Context) []string {
	base, err := protocol.ParseBaseURL(m.address)
	if err != nil {
		return nil
	}
	entries, _ := m.store.List(ctx) // those that can be read are what counts here
	entries = slices.DeleteFunc(entries, func(entry keystore.Entry) bool {
		return entry.BaseURL != base.String() || entry.PrivateKey.IsEmpty() // as it is once a key is revoked
	})
	slices.SortStableFunc(entries, func(a, b keystore.Entry) int {
		return cmp.Or(cmp.Compare(rank(a.State), rank(b.State)), b.CreatedAt.Compare(a.CreatedAt))
	})
	var ids []string
	for _, entry := range entries {
		ids = append(ids, entry.KeyID)
	}
	return ids
}

func rank(state keystore.State) int {
	if state == keystore.StateActive {
		return 0
	}
	return 1
}

// shellWord returns text as one word of a POSIX shell.
func shellWord(text string) string {
	if strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-") == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
