package contract

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// checkRequest reports what of a request does not fit op. It returns the body, or nil where there
// is none to look at.
func (f *findings) checkRequest(op *operation, inPath map[string]string, r *http.Request, body captured, limit int64) *value {
	for name, param := range op.inPath {
		f.check(param.schema, textValue(inPath[name]), root("path "+name))
	}
	f.checkQuery(op, r.URL.RawQuery)
	f.checkAuthentication(op, r.Header)
	data, ok := f.decoded(r.Header, body, limit)
	if !ok {
		return nil
	}
	if op.request == nil {
		f.checkNoBody(data)
		return nil
	}
	parsed := f.checkBody(op.request, r.Header, data)
	if parsed != nil {
		f.checkWords(op.request, parsed, "")
	}
	return parsed
}

func textValue(text string) *value {
	return &value{kind: stringKind, text: text}
}

func (f *findings) checkQuery(op *operation, rawQuery string) {
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		f.add(root("query"), RuleQuery, "name=value pairs, escaped and separated by &", "a query that cannot be read")
	}
	for name, values := range query {
		where := "query " + safeName(name)
		param, known := op.query[name]
		switch {
		case !known:
			f.add(root(where), RuleUnknownParameter, op.queryNames(), "the parameter")
		case len(values) > 1:
			f.add(root(where), RuleRepeatedParameter, "one value", fmt.Sprintf("%d values", len(values)))
		default:
			f.check(param.schema, textValue(values[0]), root(where))
		}
	}
	for name, param := range op.query {
		if param.required && !query.Has(name) {
			f.add(root("query "+name), RuleRequired, "a value", "no such parameter")
		}
	}
}

func (o *operation) queryNames() string {
	known := make(map[string]bool, len(o.query))
	for name := range o.query {
		known[name] = true
	}
	if len(known) == 0 {
		return "no query parameters"
	}
	return "only " + joinKeys(known)
}

// checkAuthentication reports each header that is missing on its own, because a request with
// only some of them is the mistake that is hard to see.
func (f *findings) checkAuthentication(op *operation, header http.Header) {
	for i, name := range op.security {
		values := headerValues(header, op.canonical[i])
		switch {
		case len(values) == 0 || values[0] == "":
			f.add(root("header "+name), RuleAuthentication, "the header, one of "+strings.Join(op.security, ", "), "none")
		case len(values) > 1:
			f.add(root("header "+name), RuleAuthentication, "the header once", fmt.Sprintf("%d of them", len(values)))
		default:
			if expected, ok := headerForm(name, values[0]); !ok {
				f.add(root("header "+name), RuleHeaderForm, expected, describeHeader(name, values[0]))
			}
		}
	}
}

// headerValues collects a header under all its spellings, because net/http sends a name that a
// program has put into the map by hand as it stands, beside the canonical one if both are there.
// Name is in canonical form.
func headerValues(header http.Header, name string) []string {
	values := header[name]
	for spelled, more := range header {
		if len(spelled) == len(name) && spelled != name && strings.EqualFold(spelled, name) {
			values = append(slices.Clip(values), more...)
		}
	}
	return values
}

// Bounds of a plausible timestamp: from 1973 to 5138 in milliseconds. Seconds, the mistake
// that users make, are below it, and micro- and nanoseconds are above it (our own choice).
const (
	minTimestamp = 1e11
	maxTimestamp = 1e14
)

// minRSASignature is the length in bytes of a signature by an RSA key of 2048 bits (source: published).
const minRSASignature = 256

func headerForm(name, text string) (expected string, ok bool) {
	switch name {
	case protocol.HeaderKey:
		return "an API key ID, a UUID", isUUID(text)
	case protocol.HeaderTimestamp:
		number, err := strconv.ParseInt(text, 10, 64)
		canonical := err == nil && strconv.FormatInt(number, 10) == text
		return "Unix time in milliseconds, decimal", canonical && number >= minTimestamp && number < maxTimestamp
	case protocol.HeaderSignature:
		signed, err := base64.StdEncoding.Strict().DecodeString(text)
		fits := len(signed) == ed25519.SignatureSize || len(signed) >= minRSASignature
		return "standard base64, with padding, of a signature: 64 bytes by Ed25519, 256 or more by RSA", err == nil && fits
	default:
		return "a value", true
	}
}

func describeHeader(name, text string) string {
	if name == protocol.HeaderTimestamp {
		return describeText(text)
	}
	return fmt.Sprintf("a string of %d characters", len(text))
}

func (f *findings) checkNoBody(data []byte) {
	if len(data) > 0 {
		f.add(root("body"), RuleBodyUnexpected, "no body", fmt.Sprintf("%d bytes", len(data)))
	}
}

// checkBody reports what of a body does not fit s and returns the value in it, or nil when
// there is none to look at.
func (f *findings) checkBody(s *schema, header http.Header, data []byte) *value {
	if len(data) == 0 {
		f.add(root("body"), RuleBodyMissing, "a JSON value", "no body")
		return nil
	}
	if !f.checkContentType(header) {
		return nil
	}
	parsed, err := parse(data)
	switch {
	case errors.Is(err, errTrailing):
		f.add(root("body"), RuleOneValue, "exactly one JSON value", err.Error())
	case err != nil:
		f.add(root("body"), RuleJSON, "a JSON value", err.Error())
		return nil
	}
	at := root("body")
	f.duplicates(&parsed, at)
	f.check(s, &parsed, at)
	return &parsed
}

func (f *findings) checkContentType(header http.Header) bool {
	values := headerValues(header, "Content-Type")
	problem := "none"
	switch len(values) {
	case 0:
	case 1:
		problem = notJSON(values[0])
	default:
		problem = fmt.Sprintf("%d of them", len(values))
	}
	if problem != "" {
		f.add(root("header Content-Type"), RuleContentType, mediaTypeJSON+" in UTF-8", problem)
	}
	return problem == ""
}

// notJSON tells what else than JSON a content type names, and returns "" for JSON. JSON is
// always UTF-8 (RFC 8259, 8.1), so a charset may say that or nothing.
func notJSON(contentType string) string {
	if contentType == mediaTypeJSON {
		return ""
	}
	mediaType, parameters, err := mime.ParseMediaType(contentType)
	charset, hasCharset := parameters["charset"]
	switch {
	case err != nil:
		return "a value that cannot be read"
	case mediaType != mediaTypeJSON:
		return describeText(mediaType)
	case hasCharset && !strings.EqualFold(charset, "utf-8"):
		return "the charset " + describeText(strings.ToLower(charset))
	}
	return ""
}
