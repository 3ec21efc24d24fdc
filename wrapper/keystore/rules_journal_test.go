package keystore_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"kalshi.internal/apikeys/wrapper/keystore"
)

func aJournalIsEmptyAtFirst(s suite) {
	mustRecord(s.T, s.Store)
}

func recordsComeBackInTheOrderInWhichTheyWereCreated(s suite) {
	records := []keystore.JournalRecord{
		{ID: "z", Data: []byte("\x00\xff<&>\n")}, {ID: "A/../a"}, {ID: "a", Data: []byte("{}")}, {ID: "é"},
	}
	locked(s.T, s.Store, func() { putRecords(s.T, s.Store, records...) })
	mustRecord(s.T, s.Store, records...)
}

func aReplacedRecordKeepsItsPlace(s suite) {
	first, second := keystore.JournalRecord{ID: "z", Data: []byte("1")}, keystore.JournalRecord{ID: "a", Data: []byte("2")}
	locked(s.T, s.Store, func() {
		putRecords(s.T, s.Store, first, second)
		first.Data = []byte("3")
		putRecords(s.T, s.Store, first)
	})
	mustRecord(s.T, s.Store, first, second)
}

func aDeletedRecordIsGoneAndMayBeDeletedAgain(s suite) {
	stays := keystore.JournalRecord{ID: "stays", Data: []byte("1")}
	locked(s.T, s.Store, func() {
		putRecords(s.T, s.Store, keystore.JournalRecord{ID: "goes"}, stays)
		for _, id := range []string{"goes", "goes", "never was", ""} {
			if err := s.DeleteJournal(s.Context(), id); err != nil {
				s.Errorf("%q: %v", id, err)
			}
		}
	})
	mustRecord(s.T, s.Store, stays)
}

func aRecordThatIsTooLargeIsRefused(s suite) {
	fits := keystore.JournalRecord{ID: strings.Repeat("/", 64), Data: []byte(strings.Repeat("x", 256<<10))}
	locked(s.T, s.Store, func() {
		putRecords(s.T, s.Store, fits)
		for name, record := range map[string]keystore.JournalRecord{
			"no ID":                  {},
			"a long ID":              {ID: fits.ID + "x"},
			"an ID that is no UTF-8": {ID: "\xff"},
			"too much data":          {ID: "id", Data: append(fits.Data, 'x')},
		} {
			if err := s.PutJournal(s.Context(), record); !errors.Is(err, keystore.ErrInvalid) {
				s.Errorf("%s: got %v, want ErrInvalid", name, err)
			}
		}
	})
	mustRecord(s.T, s.Store, fits)
}

func putRecords(t *testing.T, store *keystore.Store, records ...keystore.JournalRecord) {
	t.Helper()
	for _, record := range records {
		if err := store.PutJournal(t.Context(), record); err != nil {
			t.Fatalf("%q: %v", record.ID, err)
		}
	}
}

func mustRecord(t *testing.T, store *keystore.Store, want ...keystore.JournalRecord) {
	t.Helper()
	got, err := store.Journal(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("got the records %v, want %v", got, want)
	}
	for i := range want {
		if got[i].ID != want[i].ID || !reflect.DeepEqual(string(got[i].Data), string(want[i].Data)) {
			t.Errorf("record %d is %v, which is not %v as it was put", i, got[i], want[i])
		}
	}
}
