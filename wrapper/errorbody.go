package wrapper

import (
	"bytes"
	"encoding/json"
	"strings"
)

// maxErrorBody bounds what is read of an error body, in bytes: recorded ones have 200 at most.
// A larger one is no error of the service's, and would cost time to scrub.
const maxErrorBody = 64 << 10

// errorBody is what the service says about a failure, whichever of the recorded forms it uses
// (source: observed): {"error":{…}}, {"code":…}, {"msg":…} or {"error":"text"}. Its texts are
// scrubbed.
type errorBody struct {
	code, details, message string
}

// parseErrorBody reads what it can and leaves empty what it cannot. Bodies that are no JSON
// object, such as HTML, give the zero errorBody: nothing of them is quoted.
func parseErrorBody(body []byte) errorBody {
	if len(body) > maxErrorBody {
		return errorBody{}
	}
	fields := objectFields(body)
	if nested := objectFields(fields["error"]); nested != nil {
		fields = nested
	}
	return errorBody{
		code:    scrub(textOf(fields["code"]), maxCodeLength),
		details: scrub(textOf(fields["details"]), maxMessageLength),
		message: scrub(firstText(fields, "message", "msg", "error"), maxMessageLength),
	}
}

func objectFields(raw []byte) map[string]json.RawMessage {
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return nil
	}
	return fields
}

func firstText(fields map[string]json.RawMessage, names ...string) string {
	for _, name := range names {
		if text := textOf(fields[name]); text != "" {
			return text
		}
	}
	return ""
}

// textOf returns a JSON string's text, and any other JSON value as compact JSON: details may
// have any type.
func textOf(raw json.RawMessage) string {
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		return ""
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	var compact bytes.Buffer
	if json.Compact(&compact, raw) != nil {
		return ""
	}
	return compact.String()
}

// Codes and details that the client decides on (source: observed).
const (
	codeTimestampExpired  = "header_timestamp_expired"
	detailsWrongSignature = "INCORRECT_API_KEY_SIGNATURE"
	detailsUnknownKey     = "NOT_FOUND"
	detailsMalformedKeyID = "INVALID_PARAMETER"
	wrappedDetailsPrefix  = "rpc error: code = Unauthenticated desc = "
)

// cause401 returns the sentinel for the cause of a 401, nil if the body does not name one that
// is known.
func (b errorBody) cause401() error {
	if b.code == codeTimestampExpired {
		return ErrClockSkew
	}
	switch strings.TrimPrefix(b.details, wrappedDetailsPrefix) {
	case detailsWrongSignature:
		return ErrBadSignature
	case detailsUnknownKey:
		return ErrUnknownKey
	case detailsMalformedKeyID:
		return ErrMalformedKeyID
	}
	return nil
}
