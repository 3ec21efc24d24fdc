package contract

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// checkRequest reports what of a request does not fit op. It returns the value of the body, or nil
// where there is none to look at.
func (found *violations) checkRequest(op *Operation, inPath map[string]string, r *http.Request, body captured) any {
	for name, param := range op.inPath {
		found.checkSchema(param.Schema.Value, inPath[name], "path "+name)
	}
	found.checkQuery(op, r.URL.RawQuery)
	found.checkAuthentication(op, r.Header)
	data, ok := found.decoded(r.Header, body)
	if !ok {
		return nil
	}
	if op.Request == nil {
		found.checkNoBody(data)
		return nil
	}
	value := found.checkBody(op.Request, r.Header, data)
	found.checkDescribed(op.Request, value, "")
	return value
}

func (found *violations) checkQuery(op *Operation, rawQuery string) {
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		found.add("query", RuleQuery, "name=value pairs, escaped and separated by &", "a query that cannot be read")
	}
	for name, values := range query {
		where := "query " + safeName(name)
		param, known := op.Query[name]
		switch {
		case !known:
			found.add(where, RuleUnknownParameter, op.queryNames(), "the parameter")
		case len(values) > 1:
			found.add(where, RuleRepeatedParameter, "one value", fmt.Sprintf("%d values", len(values)))
		default:
			found.checkSchema(param.Schema.Value, values[0], where)
		}
	}
	for name, param := range op.Query {
		if param.Required && !query.Has(name) {
			found.add("query "+name, RuleRequired, "a value", "no such parameter")
		}
	}
}

func (o *Operation) queryNames() string {
	if len(o.Query) == 0 {
		return "no query parameters"
	}
	return "only " + strings.Join(slices.Sorted(maps.Keys(o.Query)), ", ")
}

// checkAuthentication reports each header that is missing on its own, because a request with
// only some of them is the mistake that is hard to see.
func (found *violations) checkAuthentication(op *Operation, header http.Header) {
	for _, name := range op.Headers {
		values := headerValues(header, name)
		switch {
		case len(values) == 0 || values[0] == "":
			found.add("header "+name, RuleAuthentication, "the header, one of "+strings.Join(op.Headers, ", "), "none")
		case len(values) > 1:
			found.add("header "+name, RuleAuthentication, "the header once", fmt.Sprintf("%d of them", len(values)))
		default:
			if expected, ok := headerForm(name, values[0]); !ok {
				found.add("header "+name, RuleHeaderForm, expected, describeHeader(name, values[0]))
			}
		}
	}
}

// headerValues collects a header under all its spellings, because net/http sends a name that a
// program has put into the map by hand as it stands, beside the canonical one if both are there.
func headerValues(header http.Header, name string) []string {
	name = http.CanonicalHeaderKey(name)
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
		return "an API key ID, a UUID", protocol.IsKeyID(text)
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
