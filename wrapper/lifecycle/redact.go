package lifecycle

import (
	"crypto"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"

	"kalshi.internal/apikeys/wrapper/secret"
)

// Requests may hold a private key as their Signer. They print it as [REDACTED].

// hidden stands for a signer when a request is printed.
type hidden struct{ crypto.Signer }

func (hidden) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, secret.Redacted) }

func (hidden) MarshalText() ([]byte, error) { return []byte(secret.Redacted), nil }

func hide(signer crypto.Signer) crypto.Signer {
	if signer == nil {
		return nil
	}
	return hidden{}
}

// shownIssue and shownRotate are requests with a hidden signer. They lack the methods below, so
// they are printed field by field.
type (
	shownIssue  IssueRequest
	shownRotate RotateRequest
)

func (r IssueRequest) shown() shownIssue {
	r.Signer = hide(r.Signer)
	return shownIssue(r)
}

func (r RotateRequest) shown() shownRotate {
	r.Signer = hide(r.Signer)
	return shownRotate(r)
}

// Format writes the request for every verb and flag, with [REDACTED] in the signer's place.
func (r IssueRequest) Format(state fmt.State, _ rune) { _, _ = fmt.Fprintf(state, "%+v", r.shown()) }

// Format writes the request for every verb and flag, with [REDACTED] in the signer's place.
func (r RotateRequest) Format(state fmt.State, _ rune) { _, _ = fmt.Fprintf(state, "%+v", r.shown()) }

// LogValue returns the request for log/slog, with [REDACTED] in the signer's place.
func (r IssueRequest) LogValue() slog.Value { return slog.AnyValue(r.shown()) }

// LogValue returns the request for log/slog, with [REDACTED] in the signer's place.
func (r RotateRequest) LogValue() slog.Value { return slog.AnyValue(r.shown()) }

// MarshalJSON returns the request with [REDACTED] in the signer's place. It does not survive a
// round trip.
func (r IssueRequest) MarshalJSON() ([]byte, error) { return json.Marshal(r.shown()) }

// MarshalJSON returns the request with [REDACTED] in the signer's place. It does not survive a
// round trip.
func (r RotateRequest) MarshalJSON() ([]byte, error) { return json.Marshal(r.shown()) }
