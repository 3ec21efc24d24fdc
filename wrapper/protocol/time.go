package protocol

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// RetryAfter reads a Retry-After header, in seconds or as a date (RFC 9110), as a duration from
// now. It is 0 if the header is absent, unreadable or in the past, and [math.MaxInt64] if the wait
// does not fit. The service's own 429 carries none (source: published), but layers in front of it
// may.
func RetryAfter(header string, now time.Time) time.Duration {
	header = strings.TrimSpace(header)
	if header != "" && strings.Trim(header, "0123456789") == "" {
		seconds, err := strconv.ParseInt(header, 10, 64)
		if err != nil || seconds > int64(math.MaxInt64/time.Second) {
			return math.MaxInt64
		}
		return time.Duration(seconds) * time.Second
	}
	date, err := http.ParseTime(header)
	if err != nil {
		return 0
	}
	return max(0, date.Sub(now))
}

const (
	// minClockCorrection: Date has a resolution of a second, and the service accepts 10 s either
	// way (source: observed), so a smaller difference cannot be why a timestamp was refused.
	minClockCorrection = 2 * time.Second
	// maxClockCorrection is our own choice: it corrects a machine without a clock, which starts in
	// 1970, and rejects a Date that no clock shows.
	maxClockCorrection = 100 * 365 * 24 * time.Hour
)

// ClockOffset returns how far local is behind a Date header, 0 if the difference is too small to
// matter. It reports false if the header is not a date or lies a century away.
func ClockOffset(date string, local time.Time) (time.Duration, bool) {
	shown, err := http.ParseTime(date)
	if err != nil {
		return 0, false
	}
	// Date is cut to whole seconds, so the service's clock shows half a second more on average.
	offset := shown.Add(500 * time.Millisecond).Sub(local)
	switch {
	case offset.Abs() > maxClockCorrection:
		return 0, false
	case offset.Abs() < minClockCorrection:
		return 0, true
	}
	return offset, true
}

// Wait returns nil after d, or the context's error as soon as the context ends.
func Wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
