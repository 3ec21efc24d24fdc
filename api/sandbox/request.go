package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"kalshi.internal/apikeys/gen/server"
)

// maxBody is the longest request body that is read, in bytes. Our own choice.
const maxBody = 1 << 20

// checkRequest refuses what the generated decoder would let through: another content type, a
// body that is too long, more than one JSON value, a missing field.
func (s *Sandbox) checkRequest(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch operation := callOf(r).log.Operation; operation {
		case OperationGetAPIKeys:
			r = withFirstValues(r)
		case OperationCreateAPIKey, OperationGenerateAPIKey:
			body, ref := s.readBody(w, r, operation)
			if ref != nil {
				s.refuse(w, r, ref)
				return
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		next.ServeHTTP(w, r)
	})
}

// withFirstValues keeps the first value of each query parameter. A second one cannot be
// refused: getApiKeys documents no 400.
func withFirstValues(r *http.Request) *http.Request {
	if r.URL.RawQuery == "" {
		return r
	}
	query := r.URL.Query()
	for name := range query {
		query.Set(name, query.Get(name))
	}
	changed, target := *r, *r.URL
	target.RawQuery = query.Encode()
	changed.URL = &target
	return &changed
}

func (s *Sandbox) readBody(w http.ResponseWriter, r *http.Request, operation string) ([]byte, *refusal) {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mediaType != "application/json" {
		return nil, &refusal{reason: RefusedContentType}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, tooLong := errors.AsType[*http.MaxBytesError](err); tooLong {
		return nil, invalid(fmt.Sprintf("the body is longer than %d bytes", maxBody))
	}
	if err != nil {
		return nil, invalid("the body ended early")
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, &refusal{reason: RefusedContentType}
	}
	return body, s.checkFields(body, operation)
}

// checkFields checks the syntax of the whole body, and that the required fields are there;
// their types are for the decoder.
func (s *Sandbox) checkFields(body []byte, operation string) *refusal {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			return invalid("the body is not one JSON value: " + syntax.Error())
		}
		return nil
	}
	required, optional := []string{"name"}, []string{"scopes", "subaccount", "fcm_subtrader_id"}
	if operation == OperationCreateAPIKey {
		required = append(required, "public_key")
	} else {
		optional = append(optional, "key_type")
	}
	for _, name := range required {
		if value, present := fields[name]; !present || string(value) == "null" {
			return invalid(name + " is required")
		}
	}
	for name := range fields {
		if s.settings.unknownRefused && !slices.Contains(slices.Concat(required, optional), name) {
			return invalid("the body has a property that the contract does not know")
		}
	}
	return nil
}

// refuseUndecodable answers for the generated decoder.
func (s *Sandbox) refuseUndecodable(w http.ResponseWriter, r *http.Request, err error) {
	s.refuse(w, r, invalid(describeDecoding(err)))
}

// describeDecoding words an error in the form that was recorded, with the names of the
// contract. It quotes no string of the body.
func describeDecoding(err error) string {
	wrong, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok {
		return "the body does not decode as JSON"
	}
	// A number that is out of range is quoted, however many digits it has.
	value, _, _ := strings.Cut(wrong.Value, " ")
	wanted := contractName(wrong.Type.String())
	if wrong.Field == "" {
		return fmt.Sprintf("json: cannot unmarshal %s into Go value of type %s", value, wanted)
	}
	return fmt.Sprintf("json: cannot unmarshal %s into Go struct field %s.%s of type %s",
		value, contractName(wrong.Struct), wrong.Field, wanted)
}

func contractName(goName string) string {
	return strings.Replace(strings.Replace(goName, "server.", "", 1), "APIKey", "ApiKey", 1)
}

// refuseError answers for an operation that returned an error: a refusal, or a failure whose
// text is nobody's business.
func (s *Sandbox) refuseError(w http.ResponseWriter, r *http.Request, err error) {
	ref, ok := errors.AsType[*refusal](err)
	if !ok {
		ref = &refusal{reason: RefusedInternal}
	}
	s.refuse(w, r, ref)
}

// refuseParameter answers for the generated binding of parameters.
func (s *Sandbox) refuseParameter(w http.ResponseWriter, r *http.Request, err error) {
	name := "a parameter"
	if format, ok := errors.AsType[*server.InvalidParamFormatError](err); ok {
		name = format.ParamName
	}
	s.refuse(w, r, invalid(name+" is malformed"))
}
