package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"path"
	"strings"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// apiRequest returns the request that the arguments describe. A URL that was pasted may also say which
// environment is meant.
func (s *settings) apiRequest(ctx context.Context, flags *apiFlags, args []string) (*http.Request, error) {
	fields, err := flags.values()
	if err != nil {
		return nil, err
	}
	body, err := s.apiInput(flags)
	if err != nil {
		return nil, err
	}
	method := http.MethodGet
	if body != nil || len(fields) > 0 {
		method = http.MethodPost
	}
	if len(args) == 2 {
		if method, err = signedMethod(args[0]); err != nil {
			return nil, err
		}
	}
	target, err := s.apiTarget(args[len(args)-1])
	if err != nil {
		return nil, err
	}
	if protocol.OperationOf(method, path.Clean(target.Path), s.basePathOf(target)) == protocol.GenerateAPIKey {
		return nil, usage("the private key in the answer would be lost, since it is never printed",
			"Run kalshi-keys generate NAME --out FILE, or with --store")
	}
	isInQuery := body != nil || method == http.MethodGet || method == http.MethodHead || method == http.MethodDelete
	switch {
	case isInQuery && len(fields) > 0:
		query := target.Query()
		for name, value := range fields {
			query.Add(name, queryText(value))
		}
		target.RawQuery = query.Encode()
	case len(fields) > 0:
		if body, err = json.Marshal(fields); err != nil {
			return nil, fmt.Errorf("writing the fields as JSON: %w", err)
		}
	}
	return newAPIRequest(ctx, method, target, body)
}

func newAPIRequest(ctx context.Context, method string, target *url.URL, body []byte) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, method, target.String(), http.NoBody)
	if err == nil && body != nil {
		request, err = http.NewRequestWithContext(ctx, method, target.String(), bytes.NewReader(body))
	}
	if err != nil {
		return nil, usage("the request cannot be made: "+err.Error(), "Check METHOD and PATH")
	}
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return request, nil
}

// apiInput returns the body that --input gives, nil without it.
func (s *settings) apiInput(flags *apiFlags) ([]byte, error) {
	input := flags.input.String()
	if input == "" {
		return nil, nil
	}
	body, err := s.readLimited(input, maxInputBytes+1)
	switch {
	case err != nil:
		return nil, usage(fmt.Sprintf("the file %s cannot be read: %v", withoutKeys(input), withoutPath(err)), "Check the path given as --input")
	case len(body) > maxInputBytes:
		return nil, usage("the file given as --input has more than 8 MiB", "")
	case !json.Valid(body):
		return nil, usage("the file given as --input is not JSON", "Every request of the service has a JSON body")
	}
	return body, nil
}

// values returns the fields by name.
func (f *apiFlags) values() (map[string]any, error) {
	values := map[string]any{}
	for _, list := range []struct {
		fields []string
		read   func(string) any
	}{{f.fields, typedValue}, {f.rawFields, func(text string) any { return text }}} {
		for _, field := range list.fields {
			name, value, ok := strings.Cut(field, "=")
			if !ok || name == "" {
				return nil, usage(fmt.Sprintf("the field %s is not NAME=VALUE", withoutKeys(field)), "For example: --field limit=5")
			}
			if _, twice := values[name]; twice {
				return nil, usage(fmt.Sprintf("the field %s is given twice", withoutKeys(name)), "For lists and nested objects give --input")
			}
			values[name] = list.read(value)
		}
	}
	return values, nil
}

// typedValue returns true, false, null and numbers as JSON has them, digit by digit, and any other text
// as it is.
func typedValue(text string) any {
	var number json.Number
	switch {
	case text == "true", text == "false", text == "null":
		return json.RawMessage(text)
	case text != "" && json.Unmarshal([]byte(text), &number) == nil && text[0] != '"':
		return json.RawMessage(text)
	}
	return text
}

func queryText(value any) string {
	if raw, ok := value.(json.RawMessage); ok {
		return string(raw)
	}
	return fmt.Sprint(value)
}

// apiTarget returns the URL that a path below the base URL, or a pasted URL, stands for.
func (s *settings) apiTarget(text string) (*url.URL, error) {
	text = strings.TrimSpace(text)
	pasted, err := url.Parse(text)
	if err != nil || strings.ContainsFunc(text, notInURL) {
		return nil, usage("the path holds characters that no URL has", "Percent-encode them: a space is %20")
	}
	if pasted.Host != "" && s.isEnvironmentOpen() && protocol.EnvironmentOf(pasted.Hostname()) != "" {
		s.baseURL = textFlag(pasted.Scheme + "://" + pasted.Host + protocol.BasePath)
	}
	base, err := s.serviceURL()
	if err != nil {
		return nil, err
	}
	if pasted.Host != "" && (!strings.EqualFold(pasted.Host, base.Host) || pasted.Scheme != base.Scheme) {
		return nil, usage(fmt.Sprintf("the URL leads to %s, but the base URL is %s", withoutKeys(pasted.Host), base),
			"Give the path alone, or the --base-url that belongs to the URL")
	}
	completed := s.completePath(pasted.EscapedPath(), base)
	return base.Parse(completed + queryOf(pasted))
}

func notInURL(r rune) bool { return r <= ' ' || r >= 0x7f }

func queryOf(target *url.URL) string {
	if target.RawQuery == "" {
		return ""
	}
	return "?" + target.RawQuery
}

// isEnvironmentOpen reports whether nothing says which environment is meant.
func (s *settings) isEnvironmentOpen() bool {
	return s.baseURL == "" && s.environment.value == "" && s.getenv(envBaseURL) == ""
}

// completePath puts the base path before a path that lacks it, and says so. Paths of the service's other
// interfaces, such as the WebSocket's, stay.
func (s *settings) completePath(given string, base *url.URL) string {
	const allInterfaces = "/trade-api/"
	rooted := "/" + strings.TrimLeft(given, "/")
	basePath := base.EscapedPath()
	if rooted == basePath || strings.HasPrefix(rooted, basePath+"/") || strings.HasPrefix(rooted, allInterfaces) {
		return rooted
	}
	completed := basePath + rooted
	s.say("note", "the path was completed to "+completed)
	return completed
}

// basePathOf returns the base path with which target begins.
func (s *settings) basePathOf(target *url.URL) string {
	base, err := s.serviceURL()
	if err != nil || !strings.HasPrefix(target.Path, base.Path) {
		return protocol.BasePath
	}
	return base.Path
}

func headerNames(header http.Header) iter.Seq[string] { return maps.Keys(header) }
