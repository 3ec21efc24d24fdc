package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"kalshi.internal/apikeys/gen/server"
)

// maxBody is the longest request body that is read, in bytes. Our own choice.
const maxBody = 1 << 20

// checkRequest refuses what the generated decoder would let through: another content type, a
// body that is too long, more than one JSON value, a missing field.
func (s *Sandbox) checkRequest(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		schema := callOf(r).endpoint.body
		if schema == nil {
			next.ServeHTTP(w, withFirstValues(r))
			return
		}
		body, err := s.readBody(w, r, schema)
		if err != nil {
			s.refuseError(w, r, err)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
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

func (s *Sandbox) readBody(w http.ResponseWriter, r *http.Request, schema *openapi3.Schema) ([]byte, error) {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mediaType != "application/json" {
		return nil, refused(RefusedContentType)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, tooLong := errors.AsType[*http.MaxBytesError](err); tooLong {
		return nil, invalid(fmt.Sprintf("the body is longer than %d bytes", maxBody))
	}
	if err != nil {
		return nil, invalid("the body ended early")
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, refused(RefusedContentType)
	}
	return body, s.checkFields(body, schema)
}

// checkFields checks the syntax of the whole body, and that the required fields are there;
// their types are for the decoder.
func (s *Sandbox) checkFields(body []byte, schema *openapi3.Schema) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			return invalid("the body is not one JSON value: " + syntax.Error())
		}
		return nil
	}
	for _, name := range schema.Required {
		if value, present := fields[name]; !present || string(value) == "null" {
			return invalid(name + " is required")
		}
	}
	for name := range fields {
		if s.choices.RefuseUnknownProperties && schema.Properties[name] == nil {
			return invalid("the body has a property that the contract does not know")
		}
	}
	return nil
}

// refuseUndecodable answers for the generated decoder.
func (s *Sandbox) refuseUndecodable(w http.ResponseWriter, r *http.Request, err error) {
	s.refuseError(w, r, invalid(describeDecoding(err)))
}

// describeDecoding words an error in the form that was recorded, with the names of the
// contract. It quotes no string of the body.
func describeDecoding(err error) string {
	wrong, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok {
		return "the body does not decode as JSON"
	}
	// encoding/json quotes a number that is out of range, however many digits it has.
	wrong.Value, _, _ = strings.Cut(wrong.Value, " ")
	return strings.NewReplacer("server.", "", "APIKey", "ApiKey").Replace(wrong.Error())
}

// refuseParameter answers for the generated binding of parameters.
func (s *Sandbox) refuseParameter(w http.ResponseWriter, r *http.Request, err error) {
	name := "a parameter"
	if format, ok := errors.AsType[*server.InvalidParamFormatError](err); ok {
		name = format.ParamName
	}
	s.refuseError(w, r, invalid(name+" is malformed"))
}
