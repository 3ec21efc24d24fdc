package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/lifecycle"
)

// settle is how long the program looks for a key that a killed process may have asked for. There
// is nothing to wait for: [world.quiet] sees to it that no request is on its way.
const settle = 10 * time.Millisecond

// site is one store, and what is known of its past.
type site struct {
	*world

	dir   string          // of the store
	known map[string]bool // the entries that it was last seen to have
}

// checkAll recovers with the program, and checks the four promises.
func (s *site) checkAll(ctx context.Context, t *tally, when string) {
	t.check(when+", before recover: the current key signs", s.currentSigns(ctx))
	if _, err := s.recoverFully(ctx); err != nil {
		t.fail(when+": recover", err)
		return
	}
	t.check(when+": the current key signs", s.currentSigns(ctx))
	t.check(when+": every live key is held", s.liveKeysAreHeld(ctx))
	t.check(when+": no entry is lost", s.noEntryIsLost(ctx))
	t.check(when+": a second recover changes nothing", s.secondRecoverChangesNothing(ctx))
}

func (s *site) recover(ctx context.Context) (lifecycle.RecoverReport, error) {
	var report lifecycle.RecoverReport
	command := s.command(ctx, s.dir, "recover", "--output", "json", "--settle", settle.String())
	var stderr strings.Builder
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		return report, fmt.Errorf("%w: %s", err, stderr.String())
	}
	return report, json.Unmarshal(out, &report)
}

// recoverFully recovers, and once more for each grace period that had to end by itself.
func (s *site) recoverFully(ctx context.Context) (lifecycle.RecoverReport, error) {
	for {
		report, err := s.recover(ctx)
		inGrace := slices.ContainsFunc(report.Open, func(step lifecycle.RecoverStep) bool {
			return step.Action == lifecycle.RecoverGrace
		})
		if err != nil || !inGrace {
			return report, err
		}
	}
}

func (s *site) signs(ctx context.Context, source wrapper.CredentialSource) error {
	client, err := wrapper.NewClient(source, wrapper.WithBaseURL(s.baseURL()))
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	_, err = client.GetAPIKeys(ctx)
	return err
}

func (s *site) currentSigns(ctx context.Context) error {
	store, err := keystore.Open(s.dir)
	if err != nil {
		return err
	}
	return s.signs(ctx, keystore.Source(store, s.baseURL()))
}

func (s *site) entries(ctx context.Context) ([]keystore.Entry, error) {
	store, err := keystore.Open(s.dir)
	if err != nil {
		return nil, err
	}
	return store.List(ctx)
}

func (s *site) liveKeysAreHeld(ctx context.Context) error {
	live, err := s.liveKeys()
	if err != nil {
		return err
	}
	entries, err := s.entries(ctx)
	if err != nil {
		return err
	}
	for _, key := range live {
		if name, _, _ := strings.Cut(key.Name, " "); name != filepath.Base(s.dir) {
			continue // another store's
		}
		at := slices.IndexFunc(entries, func(e keystore.Entry) bool { return e.KeyID == key.ID })
		if at < 0 {
			return fmt.Errorf("key %s (%s) is live, and the store does not have it", key.ID, key.Name)
		}
		if entries[at].State != keystore.StateActive {
			return fmt.Errorf("key %s is live, and %s in the store", key.ID, entries[at].State)
		}
		credentials, err := entries[at].Credentials()
		if err == nil {
			err = s.signs(ctx, credentials)
		}
		if err != nil {
			return fmt.Errorf("key %s: %w", key.ID, err)
		}
	}
	return nil
}

func (s *site) noEntryIsLost(ctx context.Context) error {
	entries, err := s.entries(ctx)
	if err != nil {
		return err
	}
	now := map[string]bool{}
	for _, entry := range entries {
		now[entry.KeyID] = true
	}
	for keyID := range s.known {
		if !now[keyID] {
			return fmt.Errorf("the entry of %s is gone", keyID)
		}
	}
	s.known = now
	return nil
}

func (s *site) secondRecoverChangesNothing(ctx context.Context) error {
	before, err := s.snapshot()
	if err != nil {
		return err
	}
	report, err := s.recover(ctx)
	if err != nil {
		return err
	}
	if len(report.Done) > 0 {
		return fmt.Errorf("it did %+v", report.Done)
	}
	after, err := s.snapshot()
	if err == nil && after != before {
		err = errors.New("the files of the store or the keys at the service are others now")
	}
	return err
}

// snapshot is all that recovering could change: the files of the store, and the keys at the service.
func (s *site) snapshot() (string, error) {
	live, err := s.liveKeys()
	if err != nil {
		return "", err
	}
	var text strings.Builder
	files := os.DirFS(s.dir)
	err = fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(files, path)
		fmt.Fprintf(&text, "%s %x\n", path, sha256.Sum256(content))
		return err
	})
	return fmt.Sprint(text.String(), live), err
}
