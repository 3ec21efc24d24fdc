package wrapper

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// DefaultMaxResponseBytes is how large a response body may be unless [WithMaxResponseBytes]
// says otherwise: 10 MiB (our own choice).
const DefaultMaxResponseBytes = 10 << 20

// errNoAnswer reports a transport that breaks the rules of [http.RoundTripper].
var errNoAnswer = errors.New("the HTTP transport returned neither a response nor an error")

// errTooLarge reports a response body over the limit.
var errTooLarge = errors.New("the response body is larger than the limit")

// sizeLimit is the layer that reads the response body, whole and capped. A connection lost
// half-way is thereby a failed attempt, which can be retried, and not a failed read later on.
type sizeLimit struct {
	next     http.RoundTripper
	maxBytes int64
}

func (s *sizeLimit) RoundTrip(req *http.Request) (*http.Response, error) {
	response, err := s.next.RoundTrip(req)
	if err == nil && response == nil {
		return nil, errNoAnswer
	}
	if err != nil || req.Method == http.MethodHead || isUpgrade(req) && response.StatusCode == http.StatusSwitchingProtocols {
		return response, err
	}
	body := bodyOf(response)
	defer func() { _ = body.Close() }()
	data, err := readCapped(body, response.ContentLength, s.maxBytes)
	switch {
	case errors.Is(err, errTooLarge):
		return nil, &unreadableError{response.StatusCode, fmt.Errorf("%w of %d bytes", err, s.maxBytes)}
	case err != nil && (response.StatusCode < http.StatusBadRequest || req.Context().Err() != nil):
		return nil, &unreadableError{response.StatusCode, err}
	}
	// What is left of an error's body is of use; its status is the answer all the same.
	response.Body = &bufferedBody{Reader: bytes.NewReader(data), data: data}
	response.ContentLength = int64(len(data))
	return response, nil
}

// bodyOf returns what there is to read of an answer. Behind a switch to another protocol, which
// nobody asked for, comes no body, and no end. A test's transport may leave the body out.
func bodyOf(response *http.Response) io.ReadCloser {
	if response.Body == nil {
		return http.NoBody
	}
	if response.StatusCode == http.StatusSwitchingProtocols {
		_ = response.Body.Close()
		return http.NoBody
	}
	return response.Body
}

func readCapped(body io.Reader, announced, limit int64) ([]byte, error) {
	if announced > limit {
		return nil, errTooLarge
	}
	var buffer bytes.Buffer
	if announced > 0 {
		buffer.Grow(int(announced) + bytes.MinRead)
	}
	read, err := buffer.ReadFrom(io.LimitReader(body, limit+1))
	if read > limit {
		return nil, errTooLarge
	}
	return buffer.Bytes(), err
}

// unreadableError is an answer whose status arrived and whose body did not.
type unreadableError struct {
	status int
	cause  error
}

func (e *unreadableError) Error() string { return e.cause.Error() }
func (e *unreadableError) Unwrap() error { return e.cause }

// bufferedBody is a body that is in memory, so that layers can look without consuming it.
type bufferedBody struct {
	*bytes.Reader

	data  []byte
	check selfCheck
}

func (*bufferedBody) Close() error { return nil }

// Format writes no byte of the body, which may hold a private key: printers of a response come
// here.
func (*bufferedBody) Format(state fmt.State, _ rune) {
	_, _ = io.WriteString(state, "[body]")
}

// bufferedBytes returns the body of a response that passed [sizeLimit], without consuming it.
func bufferedBytes(response *http.Response) []byte {
	if body, ok := response.Body.(*bufferedBody); ok {
		return body.data
	}
	return nil
}
