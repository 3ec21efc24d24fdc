package lifecycle

import (
	"crypto"
	"encoding/json"
	"fmt"
	"log/slog"

	"kalshi.internal/apikeys/wrapper/secret"
)

// Requests may hold a private key as their Signer. What prints them shows that there is one, and
// nothing of it.

// Format writes the request for every valid verb and flag, with [REDACTED] in the signer's place.
func (r IssueRequest) Format(state fmt.State, _ rune) {
	_, _ = fmt.Fprintf(state, "IssueRequest%v", r.attrs())
}

// LogValue returns the request for log/slog, with [REDACTED] in the signer's place.
func (r IssueRequest) LogValue() slog.Value { return slog.GroupValue(r.attrs()...) }

// MarshalJSON returns the request with [REDACTED] in the signer's place. It does not survive a
// round trip.
func (r IssueRequest) MarshalJSON() ([]byte, error) { return asJSON(r.attrs()) }

func (r IssueRequest) attrs() []slog.Attr {
	return []slog.Attr{
		slog.String("name", r.Name), slog.String("way", string(r.Way)), slog.String("type", string(r.Type)),
		slog.Any("scopes", r.Scopes), slog.Any("subaccount", valueOf(r.Subaccount)),
		slog.Any("fcm_subtrader_id", valueOf(r.FCMSubtraderID)), slog.String("signer", redacted(r.Signer)),
	}
}

// Format writes the request for every valid verb and flag, with [REDACTED] in the signer's place.
func (r RotateRequest) Format(state fmt.State, _ rune) {
	_, _ = fmt.Fprintf(state, "RotateRequest%v", r.attrs())
}

// LogValue returns the request for log/slog, with [REDACTED] in the signer's place.
func (r RotateRequest) LogValue() slog.Value { return slog.GroupValue(r.attrs()...) }

// MarshalJSON returns the request with [REDACTED] in the signer's place. It does not survive a
// round trip.
func (r RotateRequest) MarshalJSON() ([]byte, error) { return asJSON(r.attrs()) }

func (r RotateRequest) attrs() []slog.Attr {
	return []slog.Attr{
		slog.String("key_id", r.KeyID), slog.String("type", string(r.Type)), slog.String("way", string(r.Way)),
		slog.String("signer", redacted(r.Signer)), slog.Duration("grace", r.Grace),
	}
}

func redacted(signer crypto.Signer) string {
	if signer == nil {
		return ""
	}
	return secret.Redacted
}

func valueOf[T any](pointer *T) any {
	if pointer == nil {
		return nil
	}
	return *pointer
}

func asJSON(attrs []slog.Attr) ([]byte, error) {
	fields := map[string]any{}
	for _, attr := range attrs {
		fields[attr.Key] = attr.Value.Any()
	}
	return json.Marshal(fields)
}
