package contract

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// captured is a body as far as it was read: up to a limit, and up to an error.
type captured struct {
	data []byte
	over bool  // whether the body is longer than the limit
	err  error // what reading ended with, if not the end of the body
}

// capture reads body up to [MaxBodyBytes] and returns a body that yields what the original would
// have: the same bytes, the same error, and whatever is beyond the limit. The original is
// closed with the replacement. The announced length saves growing; it may be wrong.
func capture(body io.ReadCloser, announced int64) (captured, io.ReadCloser) {
	var buffer bytes.Buffer
	buffer.Grow(int(min(max(announced, 0), MaxBodyBytes)) + bytes.MinRead)
	_, err := buffer.ReadFrom(io.LimitReader(body, MaxBodyBytes+1))
	got := captured{data: buffer.Bytes(), err: err}
	parts := []io.Reader{bytes.NewReader(buffer.Bytes())}
	switch {
	case err != nil:
		parts = append(parts, failingReader{err})
	case int64(buffer.Len()) > MaxBodyBytes:
		got.over = true
		parts = append(parts, body)
	}
	return got, replayed{io.MultiReader(parts...), body}
}

type replayed struct {
	io.Reader
	io.Closer
}

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }

// decoded undoes the coding of a body that net/http has left in place. It reports what keeps
// the body from being checked and returns false then.
func (found *violations) decoded(header http.Header, body captured) ([]byte, bool) {
	switch {
	case body.err != nil:
		found.truncated(body)
		return nil, false
	case body.over:
		found.add(inBody, RuleSize, fmt.Sprintf("at most %d bytes", MaxBodyBytes), "more")
		return nil, false
	}
	coding := strings.ToLower(strings.TrimSpace(strings.Join(headerValues(header, "Content-Encoding"), ",")))
	if coding == "" || coding == "identity" || len(body.data) == 0 {
		return body.data, true
	}
	if coding != "gzip" && coding != "x-gzip" {
		found.add("header Content-Encoding", RuleContentEncoding, "gzip or none", describeText(coding))
		return nil, false
	}
	data, err := gunzip(body.data)
	switch {
	case errors.Is(err, errTooLarge):
		found.add(inBody, RuleSize, fmt.Sprintf("at most %d bytes after decompression", MaxBodyBytes), "more")
	case err != nil:
		found.add(inBody, RuleContentEncoding, "gzip, as its header says", "bytes that are not")
	}
	return data, err == nil
}

func (found *violations) truncated(body captured) {
	got := fmt.Sprintf("%d bytes and then an error", len(body.data))
	if errors.Is(body.err, errUnfinished) {
		got = fmt.Sprintf("%d bytes of a response that its handler did not finish", len(body.data))
	}
	found.add(inBody, RuleTruncated, "the whole body", got)
}

var (
	errTooLarge   = errors.New("too large")
	errUnfinished = errors.New("the handler did not finish its response")
)

func gunzip(data []byte) ([]byte, error) {
	reader, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	plain, err := io.ReadAll(io.LimitReader(reader, MaxBodyBytes+1))
	if err == nil && int64(len(plain)) > MaxBodyBytes {
		err = errTooLarge
	}
	return plain, err
}
