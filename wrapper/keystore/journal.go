package keystore

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"

	"kalshi.internal/apikeys/wrapper/secret"
)

// JournalRecord is a note on a change that is under way, kept for whoever has to finish or undo
// it after a crash. Its data may hold a private key: fmt, log/slog and encoding/json show
// [REDACTED] in its place. A printer cannot do so for a record in an unexported field of
// another type: keep none there that is printed.
type JournalRecord struct {
	// ID names the record: 1 to 64 bytes of any UTF-8 text.
	ID string
	// Data means nothing to the store, at most 256 KiB.
	Data []byte
	// Foreign is set by [Store.Journal] for a record that another store wrote, of which this one is a
	// copy: a backup that was put back, or a directory that was copied while a change was under way. The
	// other store may have gone on since, so nothing is to be undone on the word of the record before
	// [Store.Adopt] has made it this store's own.
	Foreign bool
}

// String returns the ID and [REDACTED].
func (r JournalRecord) String() string {
	return fmt.Sprintf("JournalRecord{ID: %q, Data: %s}", r.ID, secret.Redacted)
}

// Format writes the same as [JournalRecord.String] for every valid verb and flag.
func (r JournalRecord) Format(state fmt.State, _ rune) {
	_, _ = io.WriteString(state, r.String())
}

// LogValue returns the ID and [REDACTED] for log/slog.
func (r JournalRecord) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", r.ID), slog.String("data", secret.Redacted))
}

// MarshalJSON returns the ID and [REDACTED]. A record does not survive a round trip.
func (r JournalRecord) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{"id": r.ID, "data": secret.Redacted})
}
