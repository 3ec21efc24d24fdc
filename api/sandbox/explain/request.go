package explain

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// Named explains a request by one mistake of the table, by its name. The detail goes in brackets
// and may be empty. It panics if the table has no such mistake.
func Named(name, detail string) *Explanation { return explanationOf(found{name, detail}) }

// NoHeaders explains a request that has none of the three headers.
func NoHeaders(header http.Header) *Explanation {
	for name := range header {
		name = strings.ToUpper(name)
		isRight := name == protocol.HeaderKey || name == protocol.HeaderSignature || name == protocol.HeaderTimestamp
		if name == "AUTHORIZATION" || strings.Contains(name, "KALSHI") && !isRight {
			return Named("header_names", "")
		}
	}
	return Named("no_headers", "")
}

// KeyID explains a key ID that is not a UUID. It must not be the name of a key.
func KeyID(sent string) *Explanation {
	const length = 36
	for at := range max(0, len(sent)-length+1) {
		if protocol.IsKeyID(sent[at : at+length]) {
			return Named("key_id_stray", "")
		}
	}
	return Named("key_id_malformed", "")
}

// Window is how far a timestamp may lie behind and ahead of the clock.
type Window struct{ Behind, Ahead time.Duration }

// Timestamp explains a timestamp that is outside the window or is no number of milliseconds. It
// tells another unit from a wrong clock: what is within a day of now in some unit is in that unit.
func Timestamp(sent string, now time.Time, window Window) *Explanation {
	whole, _, hasFraction := strings.Cut(sent, ".")
	number, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || strings.ContainsAny(whole, "+-") {
		return Named("timestamp_form", "")
	}
	isNow := func(t time.Time) bool { return t.Sub(now).Abs() < 24*time.Hour }
	switch {
	case isNow(time.Unix(number, 0)):
		return Named("timestamp_seconds", "")
	case hasFraction:
		return Named("timestamp_form", "")
	case isNow(time.UnixMicro(number)):
		return Named("timestamp_microseconds", "")
	case isNow(time.Unix(0, number)):
		return Named("timestamp_nanoseconds", "")
	}
	return Named("clock", window.Describe(time.UnixMilli(number).Sub(now)))
}

// Describe says how far a timestamp is from the clock, and how far it may be.
func (w Window) Describe(skew time.Duration) string {
	direction := "ahead of"
	if skew < 0 {
		direction = "behind"
	}
	return skew.Abs().Round(time.Millisecond).String() + " " + direction + " the sandbox's; accepted are " +
		w.Behind.String() + " behind to " + w.Ahead.String() + " ahead"
}
