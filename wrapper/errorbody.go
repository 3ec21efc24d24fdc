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
}

// parseErrorBody reads what it can and leaves empty what it cannot. A body that is not a JSON
// object, such as HTML, gives the zero errorBody: nothing of it is quoted.
func parseErrorBody(body []byte) errorBody {
	var fields map[string]any
	if len(body) > maxErrorBody || json.Unmarshal(body, &fields) != nil {
		return errorBody{}
	}
	if nested, ok := fields["error"].(map[string]any); ok {
		fields = nested
	}
	message := cmp.Or(textOf(fields["message"]), textOf(fields["msg"]), textOf(fields["error"]))
	return errorBody{
		code:    scrub(textOf(fields["code"]), maxCodeLength),
		details: scrub(textOf(fields["details"]), maxMessageLength),
		message: scrub(message, maxMessageLength),
	}
}

// textOf returns the text of a JSON string, and any other value as compact JSON: details may have
// any type.
func textOf(value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case string:
		return value
	}
	text, _ := json.Marshal(value) // which was read from JSON
	return string(text)
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
