package contract

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

func (found *violations) checkNoBody(data []byte) {
	if len(data) > 0 {
		found.add(inBody, RuleBodyUnexpected, "no body", fmt.Sprintf("%d bytes", len(data)))
	}
}

// checkBody reports what of a body does not fit s and returns the value in it, or nil when
// there is none to look at.
func (found *violations) checkBody(s *openapi3.Schema, header http.Header, data []byte) any {
	if len(data) == 0 {
		found.add(inBody, RuleBodyMissing, "a JSON value", "no body")
		return nil
	}
	if !found.checkContentType(header) {
		return nil
	}
	body, err := parse(data)
	switch {
	case errors.Is(err, errTrailing):
		found.add(inBody, RuleOneValue, "exactly one JSON value", err.Error())
	case err != nil:
		found.add(inBody, RuleJSON, "a JSON value", err.Error())
		return nil
	}
	for _, path := range body.twice {
		found.add(below(inBody, path...), RuleDuplicateKey, "each member name once", "the name again")
	}
	found.checkSchema(s, body.value, inBody)
	return body.value
}

func (found *violations) checkContentType(header http.Header) bool {
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
		found.add("header Content-Type", RuleContentType, mediaTypeJSON+" in UTF-8", problem)
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
