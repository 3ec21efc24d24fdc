package wrapper

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"kalshi.internal/apikeys/gen"
)

// Bounds of a list (our own choice): no list of the service comes near them, and a list beyond them
// would need far more memory than its body.
const (
	// maxElement is the size of a key, and of any other value, in bytes.
	maxElement = 64 << 10
	// maxKeyScopes is the number of scopes of one key. The published documents name less than ten.
	maxKeyScopes = 64
	// maxOthers is the number of fields beside the list of keys.
	maxOthers = 64
	// maxGrowth is how much larger than its body a decoded list may be. Real ones are less than twice
	// as large.
	maxGrowth = 2.5
	// smallestKey is the length of the shortest JSON of a key, in bytes.
	smallestKey = len(`{"api_key_id":"x","name":"","scopes":[]}`)
)

var errElementTooLarge = fmt.Errorf("is larger than %d bytes", maxElement)

// listDecoder reads a list as a stream. It stops at the first element that is no key, and when the
// context ends, so that neither its time nor its memory is another's choice.
type listDecoder struct {
	ctx  context.Context
	body *heldBody
	json *json.Decoder
	// allowance is how much may be read for the current value, in bytes.
	allowance int
	// room is how much memory the list may still take, in bytes.
	room int
	// element is where one key is decoded, and scopes where its scopes are.
	element listedKey
	scopes  []gen.Scope
	list    gen.GetAPIKeysResponse
	// seen says that the list of keys was in the body, and others how many other fields were.
	seen   bool
	others int
}

// decodeList decodes the body of the answer to getApiKeys. A list of null is nil, and so are the
// scopes of a key that are null.
func decodeList(ctx context.Context, body *heldBody) (*gen.GetAPIKeysResponse, error) {
	d := &listDecoder{ctx: ctx, body: body, scopes: make([]gen.Scope, maxKeyScopes+1)}
	keys := d.countKeys()
	d.room = int(maxGrowth*float64(body.length)) + maxElement - keys*int(reflect.TypeFor[gen.APIKey]().Size())
	d.list.APIKeys = make([]gen.APIKey, 0, keys)
	d.json = json.NewDecoder(d)
	err := d.document()
	if err == nil && !d.seen {
		err = errors.New("api_keys is missing")
	}
	return &d.list, err
}

// countKeys returns how many keys the body holds at most, so that there is room for all at once.
func (d *listDecoder) countKeys() int {
	count := 0
	for _, block := range d.body.blocks {
		count += bytes.Count(block, []byte(`"api_key_id"`)) + 1
	}
	return min(count, int(d.body.length)/smallestKey+1)
}

// Read implements [io.Reader] for the JSON decoder.
func (d *listDecoder) Read(p []byte) (int, error) {
	if err := d.ctx.Err(); err != nil {
		return 0, err
	}
	if d.allowance <= 0 {
		return 0, errElementTooLarge
	}
	n, err := d.body.Read(p[:min(len(p), d.allowance)])
	d.allowance -= n
	return n, err
}

// token returns the next token, which may be as large as a key.
func (d *listDecoder) token() (json.Token, error) {
	d.allowance = maxElement
	token, err := d.json.Token()
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return token, err
}

func (d *listDecoder) more() bool {
	d.allowance = maxElement
	return d.json.More()
}

func (d *listDecoder) decode(value any) error {
	d.allowance = maxElement
	return d.json.Decode(value)
}

// start reads a token that must be delim.
func (d *listDecoder) start(delim json.Delim, problem string) error {
	token, err := d.token()
	if err == nil && token != delim {
		return errors.New(problem)
	}
	return err
}

func (d *listDecoder) document() error {
	if err := d.start('{', "it is not a JSON object"); err != nil {
		return err
	}
	for d.more() {
		name, err := d.token()
		if err != nil {
			return err
		}
		if err := d.field(name.(string)); err != nil { // as the decoder has made sure
			return err
		}
	}
	if _, err := d.token(); err != nil { // the closing brace
		return err
	}
	if _, err := d.json.Token(); !errors.Is(err, io.EOF) {
		return cmp.Or(err, errors.New("something follows the JSON object"))
	}
	return nil
}

// field reads one field of the list. What the contract may add later is small.
func (d *listDecoder) field(name string) error {
	if name == "api_keys" {
		return d.keys()
	}
	if d.others++; d.others > maxOthers {
		return fmt.Errorf("more than %d fields beside api_keys", maxOthers)
	}
	var value json.RawMessage
	err := d.decode(&value)
	if err == nil {
		var field []byte
		field, err = json.Marshal(map[string]json.RawMessage{name: value})
		err = cmp.Or(err, json.Unmarshal(field, &d.list))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (d *listDecoder) keys() error {
	d.seen, d.list.APIKeys = true, d.list.APIKeys[:0]
	token, err := d.token()
	switch {
	case err != nil:
		return err
	case token == nil:
		d.list.APIKeys = nil
		return nil
	case token != json.Delim('['):
		return errors.New("api_keys is not a list")
	}
	for d.more() {
		key, err := d.key()
		if err != nil {
			return fmt.Errorf("api_keys[%d]%w", len(d.list.APIKeys), err)
		}
		d.list.APIKeys = append(d.list.APIKeys, key)
	}
	_, err = d.token() // the closing bracket
	return err
}

// listedKey is an element of the list while it is decoded.
type listedKey gen.APIKey

// key decodes the next element.
func (d *listDecoder) key() (gen.APIKey, error) {
	clear(d.scopes)
	// Whatever leaves the empty scope in its place says nothing of the key's scopes.
	d.element = listedKey{Scopes: d.scopes[:1]}
	if err := d.decode(&d.element); err != nil {
		return gen.APIKey{}, keyError(err)
	}
	key := gen.APIKey(d.element)
	key.Scopes = slices.Clone(key.Scopes)
	d.room -= len(key.APIKeyID) + len(key.Name)
	for _, scope := range key.Scopes {
		d.room -= int(reflect.TypeFor[gen.Scope]().Size()) + len(scope)
	}
	return key, d.problem(key)
}

// problem returns why the list must not go on with this key.
func (d *listDecoder) problem(key gen.APIKey) error {
	switch {
	case key.APIKeyID == "":
		return errors.New(": it is no API key, for it has no api_key_id")
	case len(key.Scopes) > maxKeyScopes:
		return fmt.Errorf(".scopes: more than %d scopes", maxKeyScopes)
	case slices.Contains(key.Scopes, ""):
		return errors.New(".scopes: missing, or one of them is empty")
	case len(d.list.APIKeys) == cap(d.list.APIKeys):
		return errors.New(": api_key_id is not spelled as documented")
	case d.room < 0:
		return fmt.Errorf(": the list needs more than %.1f times the memory of its body", maxGrowth)
	}
	return nil
}

// keyError names the field that does not fit.
func keyError(err error) error {
	if mismatch, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("%s: a JSON %s does not fit", strings.TrimSuffix("."+mismatch.Field, "."), mismatch.Value)
	}
	return fmt.Errorf(": %w", err)
}
