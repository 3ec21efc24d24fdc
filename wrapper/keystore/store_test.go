package keystore_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"kalshi.internal/apikeys/wrapper/keystore"
)

// doubtful is an engine whose Swap fails before or after it has taken effect, and whose Load may
// fail from then on.
type doubtful struct {
	keystore.Locker

	before, after, load error
	swapped             bool
}

func (d *doubtful) Swap(ctx context.Context, data []byte, ifVersion string) (string, error) {
	d.swapped = true
	if d.before != nil {
		return "", d.before
	}
	version, err := d.Locker.Swap(ctx, data, ifVersion)
	return version, errors.Join(err, d.after)
}

func (d *doubtful) Load(ctx context.Context) ([]byte, string, error) {
	if d.swapped && d.load != nil {
		return nil, "", d.load
	}
	return d.Locker.Load(ctx)
}

func TestAWriteOfUnknownOutcomeIsLookedAtAgain(t *testing.T) {
	lost, away := errors.New("the connection was lost"), errors.New("the engine is away")
	for name, test := range map[string]struct {
		engine  doubtful
		want    []error
		applied bool
	}{
		"it took effect":              {doubtful{after: lost}, nil, true},
		"it did not":                  {doubtful{before: lost}, []error{lost}, false},
		"it came too late":            {doubtful{before: keystore.ErrStale}, []error{keystore.ErrStale}, false},
		"nobody knows, and it did":    {doubtful{after: lost, load: away}, []error{lost, away}, true},
		"nobody knows, and it didn't": {doubtful{before: lost, load: away}, []error{lost, away}, false},
	} {
		t.Run(name, func(t *testing.T) {
			memory := keystore.NewMemory()
			mustPut(t, keystore.New(memory), newEntry(t, "first", testURL))
			engine := test.engine
			engine.Locker = memory
			err := put(t, keystore.New(&engine), newEntry(t, "id", testURL))
			for _, want := range test.want {
				if !errors.Is(err, want) {
					t.Errorf("got %v, want %v", err, want)
				}
			}
			if (err == nil) != (len(test.want) == 0) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if _, err := keystore.New(memory).Get(t.Context(), "id"); (err == nil) != test.applied {
				t.Errorf("the entry is there: %v", err)
			}
		})
	}
}

func TestAWriteOfUnknownOutcomeIsLookedAtAlsoAfterTheContextHasEnded(t *testing.T) {
	ctx, end := context.WithCancel(t.Context())
	defer end()
	engine := &endsInSwap{keystore.NewMemory(), end}
	store := keystore.New(engine)
	locked(t, store, func() {
		if err := store.Put(ctx, newEntry(t, "id", testURL)); err != nil {
			t.Errorf("got %v, though the entry was put", err)
		}
	})
	mustGet(t, store, "id")
}

// endsInSwap is an engine during whose Swap the caller's context ends.
type endsInSwap struct {
	keystore.Locker

	end context.CancelFunc
}

func (e *endsInSwap) Swap(ctx context.Context, data []byte, ifVersion string) (string, error) {
	version, err := e.Locker.Swap(ctx, data, ifVersion)
	e.end()
	return version, errors.Join(err, ctx.Err())
}

func TestAWriteAfterAnothersThatIgnoredTheLockChangesNothing(t *testing.T) {
	memory := keystore.NewMemory()
	mine, others := keystore.New(&overtaken{Locker: memory}), keystore.New(memory)
	mustPut(t, others, newEntry(t, "first", testURL))
	if err := put(t, mine, newEntry(t, "mine", testURL)); !errors.Is(err, keystore.ErrStale) {
		t.Errorf("got %v, want ErrStale", err)
	}
	mustList(t, others, "first")
}

// overtaken is an engine that another writes to between Load and Swap.
type overtaken struct{ keystore.Locker }

func (e *overtaken) Swap(ctx context.Context, data []byte, ifVersion string) (string, error) {
	stored, version, err := e.Load(ctx)
	if err == nil {
		_, err = e.Locker.Swap(ctx, stored, version)
	}
	if err != nil {
		return "", err
	}
	return e.Locker.Swap(ctx, data, ifVersion)
}

func TestAStoreHasAnIdentityAndCountsItsWrites(t *testing.T) {
	type head struct {
		StoreID  string `json:"store_id"`
		Revision int64  `json:"revision"`
		WriteID  string `json:"write_id"`
	}
	var documents []head
	engine := keystore.NewMemory()
	for _, keyID := range []string{"a", "b", "c"} {
		mustPut(t, keystore.New(engine), newEntry(t, keyID, testURL))
		data, _, err := engine.Load(t.Context())
		var next head
		if err := errors.Join(err, json.Unmarshal(data, &next)); err != nil {
			t.Fatal(err)
		}
		documents = append(documents, next)
	}
	for i, document := range documents {
		if document.StoreID == "" || document.StoreID != documents[0].StoreID || document.Revision != int64(i+1) ||
			document.WriteID == "" || (i > 0 && document.WriteID == documents[i-1].WriteID) {
			t.Errorf("write %d: %+v", i+1, document)
		}
	}
}

func TestADeletionOfAnAbsentRecordWritesNothing(t *testing.T) {
	engine := keystore.NewMemory()
	store := keystore.New(engine)
	mustPut(t, store, newEntry(t, "id", testURL))
	_, before, _ := engine.Load(t.Context())
	locked(t, store, func() {
		if err := store.DeleteJournal(t.Context(), "absent"); err != nil {
			t.Error(err)
		}
	})
	if _, after, _ := engine.Load(t.Context()); after != before {
		t.Errorf("the version went from %s to %s", before, after)
	}
}

func TestAStoreThatWouldGetTooLargeIsRefused(t *testing.T) {
	store := keystore.New(keystore.NewMemory())
	data := make([]byte, 256<<10)
	locked(t, store, func() {
		var err error
		n := 0
		for ; err == nil && n < 100; n++ {
			err = store.PutJournal(t.Context(), keystore.JournalRecord{ID: string(rune('A' + n)), Data: data})
		}
		if !errors.Is(err, keystore.ErrInvalid) {
			t.Errorf("after %d records of 256 KiB: %v, want ErrInvalid", n, err)
		}
		if records, err := store.Journal(t.Context()); err != nil || len(records) != n-1 {
			t.Errorf("%d records are there, %v, want %d", len(records), err, n-1)
		}
	})
}
