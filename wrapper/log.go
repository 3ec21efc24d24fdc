package wrapper

import (
	"context"
	"log/slog"
)

// attemptLog writes one record per attempt. It names the fields it may show instead of those
// it must hide: no body, no header value, no signature, no error text.
type attemptLog struct{ logger *slog.Logger }

func (l attemptLog) record(ctx context.Context, call *call, attempt attempt) {
	if l.logger == nil {
		return
	}
	level := slog.LevelWarn
	if attempt.reason == reasonAnswered {
		level = slog.LevelDebug
	}
	l.logger.LogAttrs(ctx, level, "kalshi request",
		slog.String("operation", call.label()),
		slog.Int("attempt", call.attempts),
		slog.Int("status", attempt.status()),
		slog.Duration("duration", attempt.duration),
		slog.Bool("retry", attempt.again),
		slog.String("reason", string(attempt.reason)),
		slog.Duration("wait", attempt.wait),
	)
}

// status returns the HTTP status of the attempt, 0 if there was none.
func (a attempt) status() int {
	if a.response == nil {
		return 0
	}
	return a.response.StatusCode
}
