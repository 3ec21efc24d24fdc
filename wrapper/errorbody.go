package wrapper

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
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

// codeTimestampExpired is the only code that the client decides on (source: observed).
const codeTimestampExpired = "header_timestamp_expired"

// causesOf401 are the details of a 401 that the service tells apart (source: observed). An older
// form of them begins with wrappedDetails.
var causesOf401 = map[string]error{
	"INCORRECT_API_KEY_SIGNATURE": ErrBadSignature,
	"NOT_FOUND":                   ErrUnknownKey,
	"INVALID_PARAMETER":           ErrMalformedKeyID,
}

const wrappedDetails = "rpc error: code = Unauthenticated desc = "

var documentedStatuses = map[int]error{
	http.StatusBadRequest:      ErrInvalidRequest,
	http.StatusUnauthorized:    ErrUnauthenticated,
	http.StatusForbidden:       ErrForbidden,
	http.StatusNotFound:        ErrNotFound,
	http.StatusConflict:        ErrConflict,
	http.StatusTooManyRequests: ErrRateLimited,
}

// kinds returns the sentinels for a status and what the service says about it.
func (b errorBody) kinds(status int) []error {
	kind := cmp.Or(documentedStatuses[status], ErrUnexpectedResponse)
	if status >= http.StatusInternalServerError {
		kind = ErrUnavailable
	}
	cause := causesOf401[strings.TrimPrefix(b.details, wrappedDetails)]
	if b.code == codeTimestampExpired {
		cause = ErrClockSkew
	}
	if status == http.StatusUnauthorized && cause != nil {
		return []error{cause, kind}
	}
	return []error{kind}
}
