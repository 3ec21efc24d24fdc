package contract

import (
	"cmp"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Properties and values with rules that only descriptions of the contract state.
const (
	scopesProperty     = "scopes"
	publicKeyProperty  = "public_key"
	privateKeyProperty = "private_key"
	keyTypeProperty    = "key_type"

	scopeRead  = "read"
	scopeWrite = "write"

	keyTypeRSA     = "rsa"
	keyTypeEd25519 = "ed25519"
)

// PEM types by key type (source: published).
const (
	pemPublicKey = "PUBLIC KEY"
	pemRSA       = "RSA PRIVATE KEY"
	pemEd25519   = "PRIVATE KEY"
)

// checkDescribed reports what breaks the rules that only descriptions of the contract state. Each applies
// where s has the property it is about, so error bodies are out of its reach. Asked is the key
// type that the request asked for, or empty.
func (found *violations) checkDescribed(s *openapi3.Schema, v any, asked string) {
	if scopes, ok := property[[]any](s, v, scopesProperty); ok {
		found.checkScopes(scopes)
	}
	if key, ok := property[string](s, v, publicKeyProperty); ok {
		found.checkPublicKey(key)
	}
	if key, ok := property[string](s, v, privateKeyProperty); ok {
		keyType, _ := property[string](s, v, keyTypeProperty)
		found.checkPrivateKey(key, keyType, asked)
	}
}

// property returns a member that the schema has, if it is of a type.
func property[T any](s *openapi3.Schema, v any, name string) (T, bool) {
	object, _ := v.(map[string]any)
	value, ok := object[name].(T)
	return value, ok && s.Properties[name] != nil
}

// askedKeyType returns the type of the key pair that a request body asks for, and "" if it asks
// for none, or not in a way that can be told.
func askedKeyType(s *openapi3.Schema, v any) string {
	object, ok := v.(map[string]any)
	if s == nil || s.Properties[keyTypeProperty] == nil || !ok {
		return ""
	}
	asked, given := object[keyTypeProperty]
	if !given {
		return keyTypeRSA // source: published
	}
	if text, _ := asked.(string); isKeyType(text) {
		return text
	}
	return ""
}

func isKeyType(text string) bool { return text == keyTypeRSA || text == keyTypeEd25519 }

func (found *violations) checkScopes(scopes []any) {
	if slices.Contains(scopes, any(scopeWrite)) && !slices.Contains(scopes, any(scopeRead)) {
		found.add(below(inBody, scopesProperty), RuleScopes, "read wherever write is", "write without read")
	}
}

func (found *violations) checkPublicKey(text string) {
	var key any
	if block := onlyBlock(text); block != nil && block.Type == pemPublicKey {
		key, _ = x509.ParsePKIXPublicKey(block.Bytes)
	}
	switch key.(type) {
	case *rsa.PublicKey, ed25519.PublicKey:
	default:
		found.add(below(inBody, publicKeyProperty), RuleKeyForm, "an RSA or Ed25519 key as PEM of type "+pemPublicKey, "something else")
	}
}

// checkPrivateKey looks at the armour only: what is inside must be base64, and stays unread here.
// KeyType is what the answer says of the key, empty when it says nothing.
func (found *violations) checkPrivateKey(text, keyType, asked string) {
	if asked != "" && keyType != asked && isKeyType(keyType) {
		found.add(below(inBody, keyTypeProperty), RuleKeyForm, asked+", the type asked for", describeText(keyType))
	}
	expected := []string{pemRSA, pemEd25519}
	switch cmp.Or(keyType, asked) {
	case keyTypeRSA:
		expected = expected[:1]
	case keyTypeEd25519:
		expected = expected[1:]
	}
	got := "something else"
	switch block := onlyBlock(text); {
	case block == nil:
		got = "text that is not exactly one PEM block"
	case slices.Contains(expected, block.Type) && len(block.Bytes) > 0 && len(block.Headers) == 0:
		return
	}
	found.add(below(inBody, privateKeyProperty), RuleKeyForm, "PEM of type "+strings.Join(expected, " or "), got)
}

// onlyBlock returns the PEM block of which text consists, white space around it apart, or nil.
// The decoder alone does not tell: it skips what is in front of a block.
func onlyBlock(text string) *pem.Block {
	text = strings.TrimSpace(text)
	block, rest := pem.Decode([]byte(text))
	if block == nil || len(rest) > 0 || !strings.HasPrefix(text, "-----BEGIN "+block.Type+"-----") ||
		strings.Count(text, "-----BEGIN ") > 1 {
		return nil
	}
	return block
}
