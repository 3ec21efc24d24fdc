package chaos_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/protocol"
)

func TestAHundredProgramsThatRotateOneKeyMakeOneKey(t *testing.T) {
	eachServer(t, func(t *testing.T, on servers) {
		t.Helper()
		s := newSite(t, on.url("desk"), longLease())
		var programs []*process
		for range 100 {
			programs = append(programs, s.start(rotator{KeyID: s.first.ID}))
		}
		rotations := 0
		for _, program := range programs {
			for _, said := range program.finish() {
				switch {
				case said.Error != "":
					t.Error(said.Error)
				case !said.Already:
					rotations++
				}
			}
		}
		made := slices.DeleteFunc(s.box.Exchanges(), func(e sandbox.Exchange) bool { return e.Operation != protocol.GenerateAPIKey })
		if rotations != 1 || len(made) != 1 {
			t.Errorf("%d programs say that they have rotated, and %d keys were made, want 1", rotations, len(made))
		}
		s.checkPromises()
	})
}

// The times that a store on a server may take, on loopback and with the records of many keys.
const (
	revokedEntries = 300
	currentWithin  = 20 * time.Millisecond
	putWithin      = 50 * time.Millisecond
)

func TestAStoreWithManyRecordsIsQuick(t *testing.T) {
	eachServer(t, func(t *testing.T, on servers) {
		t.Helper()
		s := newSite(t, on.url("desk"), longLease())
		store := s.store(s.open())
		entries := must(store.List(t.Context()))
		lock, err := store.Lock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for n := range revokedEntries {
			entry := entries[0]
			entry.KeyID, entry.State = fmt.Sprintf("0190a5f2-6c1e-4d0e-9b7a-%012d", n), keystore.StateRevoked
			if err := store.Put(t.Context(), entry); err != nil {
				t.Fatal(err)
			}
		}
		published := s.published(s.open())
		// The machine may stand still for a moment: the best of several tries counts.
		current, put := time.Hour, time.Hour
		for try := 0; try < 5 && (current > currentWithin || put > putWithin); try++ {
			current = min(current, percentile(99, func() error { _, err := published.Current(t.Context(), s.baseURL); return err }))
			put = min(put, percentile(99, func() error { return store.Put(t.Context(), entries[0]) }))
		}
		status := must(store.Status(t.Context()))
		t.Logf("with %d revoked entries (%d of %d KiB): Current p99 %v, Put p99 %v", revokedEntries, status.Bytes>>10, status.MaxBytes>>10,
			current.Round(10*time.Microsecond), put.Round(10*time.Microsecond))
		if current > currentWithin || put > putWithin {
			t.Errorf("want at most %v and %v", currentWithin, putWithin)
		}
		if err := lock.Unlock(); err != nil {
			t.Error(err)
		}
	})
}

// percentile returns what so many percent of 200 calls take at most.
func percentile(percent int, call func() error) time.Duration {
	const calls = 200
	times := make([]time.Duration, calls)
	for i := range times {
		begun := time.Now()
		if err := call(); err != nil {
			panic(err)
		}
		times[i] = time.Since(begun)
	}
	slices.Sort(times)
	return times[calls*percent/100-1]
}
