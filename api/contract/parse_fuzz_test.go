package contract_test

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"testing"
	"unicode/utf8"

	"kalshi.internal/apikeys/api/contract"
)

// FuzzBodiesAreReadAsEncodingJSONReadsThem compares acceptance, value and what follows it.
func FuzzBodiesAreReadAsEncodingJSONReadsThem(f *testing.F) {
	for _, seed := range []string{
		"", " ", "null", "1", "-0", "1e5", `"\ud800"`, `{"a":1,"a":{"b":[1,2,{}]}}`, `[1 2]`, `{"a":}`,
		`{}{}`, "{} \n", "[]]", "\ufeff{}", "\xff", `{"a":"\u0000"}`, listBody, nestedError,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, trailing, err := contract.ParseForTest(data)
		decoder := json.NewDecoder(bytes.NewReader(data))
		decoder.UseNumber()
		var want any
		wantErr := decoder.Decode(&want)
		if accepted, wanted := err == nil, wantErr == nil && utf8.Valid(data); accepted != wanted {
			t.Fatalf("accepted: %v, encoding/json: %v (%v)", accepted, wanted, wantErr)
		}
		if err != nil {
			return
		}
		if want := numbered(want); !reflect.DeepEqual(got, want) {
			t.Errorf("got %#v, encoding/json has %#v", got, want)
		}
		if _, next := decoder.Token(); trailing != (next != io.EOF) {
			t.Errorf("trailing bytes: %v, encoding/json: %v", trailing, next)
		}
	})
}

// numbered replaces the numbers in a value.
func numbered(v any) any {
	switch v := v.(type) {
	case json.Number:
		return contract.NumberForTest(v)
	case []any:
		for i := range v {
			v[i] = numbered(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = numbered(v[name])
		}
	}
	return v
}
