package wrapper

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strings"
)

// maxErrorBody is the largest error body that is read, in bytes. Recorded ones have 200 at most; a
// larger one does not come from the service, and scrubbing it would cost time.
const maxErrorBody = 64 << 10

// errorBody is what the service says about a failure, whichever of the recorded forms it uses
// (source: observed): {"error":{…}}, {"code":…}, {"msg":…} or {"error":"text"}. Its texts are
// scrubbed.
type errorBody struct {
	code, details, message string
	// own says that the form is a recorded one. A message alone is not: gateways write that.
	own bool
}

// errorFields are the fields of all recorded forms.
type errorFields struct {
	Code, Details, Message, Msg, Error json.RawMessage
}

// parseErrorBody reads what it can and leaves empty what it cannot. A body that is not a JSON
// object, such as HTML, gives the zero errorBody: nothing of it is quoted.
func parseErrorBody(body []byte) errorBody {
	var fields, nested errorFields
	if json.Unmarshal(body, &fields) != nil {
		return errorBody{}
	}
	isNested := json.Unmarshal(fields.Error, &nested) == nil && string(fields.Error) != "null"
	if isNested {
		fields = nested
	}
	message := cmp.Or(textOf(fields.Message), textOf(fields.Msg), textOf(fields.Error))
	said := errorBody{
		code:    scrub(textOf(fields.Code), maxCodeLength),
		details: scrub(textOf(fields.Details), maxMessageLength),
		message: scrub(message, maxMessageLength),
	}
	named := cmp.Or(said.code, said.details, textOf(fields.Msg), textOf(fields.Error))
	said.own = named != "" || isNested && said.message != ""
	return said
}

// maxDecodedValue is how long the JSON of a value that is no string may be to be shown, in bytes.
// Decoding it takes many times as much memory.
const maxDecodedValue = 4 << 10

// textOf returns the text of a JSON string, and any other value as compact JSON without escapes that could hide
// a key from scrub: details may have any type.
func textOf(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	var value any
	if len(raw) > maxDecodedValue || json.Unmarshal(raw, &value) != nil {
		return ""
	}
	plain, _ := json.Marshal(value) // which was read from JSON
	return string(plain)
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
