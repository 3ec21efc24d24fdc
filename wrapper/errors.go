package wrapper

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// Sentinels for [errors.Is]. An [*Error] matches every one that applies to it: a wrong
// signature is both [ErrBadSignature] and [ErrUnauthenticated].
var (
	// ErrInvalidRequest: the request breaks the contract. Most of these are refused here, before
	// anything is sent; the rest are 400 answers. The same request will fail again.
	ErrInvalidRequest = errors.New("invalid request")
	// ErrUnauthenticated: the service did not accept the request's identity (401). The next
	// four sentinels name the cause, where the service says it.
	ErrUnauthenticated = errors.New("unauthenticated")
	// ErrBadSignature: the signature is wrong, or made by the private half of another key.
	ErrBadSignature = errors.New("bad signature")
	// ErrUnknownKey: this environment does not know the key ID. The key was deleted, or belongs
	// to another environment. Trying again does not help.
	ErrUnknownKey = errors.New("unknown API key")
	// ErrMalformedKeyID: the service could not read the key ID.
	ErrMalformedKeyID = errors.New("malformed key ID")
	// ErrClockSkew: the timestamp was outside the service's window, also after the clock was
	// corrected from the service's own Date header.
	ErrClockSkew = errors.New("clock skew")
	// ErrForbidden: the account may not do this (403).
	ErrForbidden = errors.New("forbidden")
	// ErrNotFound: there is no such API key, or no such route (404).
	ErrNotFound = errors.New("not found")
	// ErrConflict: 409. On create and generate the bound subtrader is not visible yet, also after
	// retries.
	ErrConflict = errors.New("conflict")
	// ErrRateLimited: too many requests (429), also after retries.
	ErrRateLimited = errors.New("rate limited")
	// ErrUnavailable: the service failed (5xx) or could not be reached.
	ErrUnavailable = errors.New("service unavailable")
	// ErrUnexpectedResponse: the answer is not what the contract allows: an undocumented status,
	// a body that is not valid JSON, lacks a required field or is too large.
	ErrUnexpectedResponse = errors.New("unexpected response")
	// ErrOutcomeUnknown: the request may have taken effect, or not. Never repeat a
	// create or generate on it: look at the list of keys first.
	ErrOutcomeUnknown = errors.New("outcome unknown")
	// ErrNotSent: the request, or the last attempt to send it, certainly did not go out, and no earlier
	// attempt may have taken effect. The HTTP transport of [WithHTTPTransport] may return an error that
	// wraps it for a request of which it sent nothing: the client then tries again, whatever the method.
	ErrNotSent = errors.New("not sent")
	// ErrAlreadyExists: 409 order_already_exists that follows an attempt of unknown outcome. The order
	// with this client_order_id is there: by that attempt, unless the ID was used before (source:
	// observed). Do not place another.
	ErrAlreadyExists = errors.New("already exists")
	// ErrInsecure: sending would expose credentials or a signature: plain http to another
	// machine, another origin, a certificate that does not verify, a key file that others can read.
	ErrInsecure = protocol.ErrInsecure
)

// Error is the error of a call. Neither its fields nor the texts that fmt, slog and encoding/json
// make of it hold key material or a signature: texts of the service are shortened and scrubbed
// before they are kept. An Error is not changed after it is returned and is
// safe for concurrent use.
type Error struct {
	// Operation is the operation of the contract, such as [protocol.GetAPIKeys], or empty for any
	// other endpoint of the service.
	Operation protocol.Operation
	// Method and Path are those of the request; Path is without the query.
	Method, Path string
	// StatusCode is the HTTP status of the last answer, 0 if there was none.
	StatusCode int
	// Code and Details are the service's machine-readable cause, Message its text for people.
	// Never decide on Message: the service changes it without notice (source: observed).
	Code, Details, Message string
	// Attempts is how often sending was tried; 0 means that the request was refused here.
	Attempts int
	// RetryAfter is how long the service asked to wait, 0 if it did not.
	RetryAfter time.Duration
	// Hint says in plain words what to do.
	Hint string

	kinds []error
	cause error
	// own says that the service's own form was recognised.
	own bool
}

// Error returns one line: the request, the result, the number of attempts, and what to do.
func (e *Error) Error() string {
	text := "kalshi: " + cmp.Or(string(e.Operation), strings.TrimSpace(e.Method+" "+e.Path)) + ": " + e.summary()
	if e.Attempts > 1 {
		text += fmt.Sprintf(" (after %d attempts)", e.Attempts)
	}
	if e.Hint != "" {
		text += ". " + e.Hint
	}
	return text
}

func (e *Error) summary() string {
	kinds := strings.Join(e.shownKinds(), ", ")
	if e.StatusCode != 0 {
		kinds += fmt.Sprintf(" [HTTP %d]", e.StatusCode)
	}
	parts := []string{strings.TrimSpace(kinds), e.Code, e.Details, e.Message}
	if e.cause != nil {
		parts = append(parts, scrub(e.cause.Error(), maxCauseLength))
	}
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), ": ")
}

// shownKinds leaves out that nothing was sent where another kind says more; the hint says it.
func (e *Error) shownKinds() []string {
	texts := e.kindTexts()
	if len(texts) == 1 {
		return texts
	}
	return slices.DeleteFunc(texts, func(text string) bool { return text == ErrNotSent.Error() })
}

func (e *Error) kindTexts() []string {
	texts := make([]string, len(e.kinds))
	for i, kind := range e.kinds {
		texts[i] = kind.Error()
	}
	return texts
}

// Unwrap returns the sentinels that apply and the cause, for [errors.Is] and [errors.As].
func (e *Error) Unwrap() []error {
	if e.cause == nil {
		return e.kinds
	}
	return append(slices.Clip(e.kinds), e.cause)
}

// FromService reports whether the answer was an error in one of the service's own forms (source:
// observed). A proxy or another server in the service's place writes its errors otherwise, so a 404
// without it says nothing about a key. A nil *Error is not from the service.
func (e *Error) FromService() bool {
	return e != nil && e.StatusCode >= http.StatusBadRequest && e.own
}

// GoString returns the same line as [Error.Error], so that %#v shows no more than %v.
func (e *Error) GoString() string {
	return fmt.Sprintf("&wrapper.Error{%q}", e.Error())
}

// LogValue returns the fields as a group, for log/slog.
func (e *Error) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("operation", string(e.Operation)),
		slog.String("method", e.Method),
		slog.String("path", e.Path),
		slog.Any("kinds", e.kindTexts()),
		slog.Int("status", e.StatusCode),
		slog.String("code", e.Code),
		slog.String("details", e.Details),
		slog.Int("attempts", e.Attempts),
		slog.Duration("retry_after", e.RetryAfter),
		slog.String("hint", e.Hint),
		slog.String("error", e.Error()),
	)
}

// MarshalJSON writes the fields, what kinds of error it is, and the line of [Error.Error].
func (e *Error) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{
		"operation": e.Operation, "method": e.Method, "path": e.Path, "kinds": e.kindTexts(),
		"status": e.StatusCode, "code": e.Code, "details": e.Details, "message": e.Message,
		"attempts": e.Attempts, "retry_after_seconds": e.RetryAfter.Seconds(),
		"hint": e.Hint, "error": e.Error(),
	})
}

func (e *Error) is(kind error) bool {
	return errors.Is(e, kind)
}
