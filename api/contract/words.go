package contract

import (
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"strings"
)

// Properties and values with rules that the contract states in words.
const (
	scopesProperty     = "scopes"
	publicKeyProperty  = "public_key"
	privateKeyProperty = "private_key"
	keyTypeProperty    = "key_type"
	nameProperty       = "name"
	keyIDProperty      = "api_key_id"
	subaccountProperty = "subaccount"
	subtraderProperty  = "fcm_subtrader_id"

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

// checkWords reports what breaks the rules the contract states in words only. Each applies
// where s has the property it is about, so error bodies are out of its reach. Asked is the key
// type that the request asked for, or empty.
func (f *findings) checkWords(s *schema, v *value, asked string) {
	if scopes := wordProperty(s, v, scopesProperty, arrayKind); scopes != nil {
		f.checkScopes(scopes)
	}
	if key := wordProperty(s, v, publicKeyProperty, stringKind); key != nil {
		f.checkPublicKey(key.text)
	}
	if key := wordProperty(s, v, privateKeyProperty, stringKind); key != nil {
		f.checkPrivateKey(key.text, wordProperty(s, v, keyTypeProperty, stringKind), asked)
	}
}

// askedKeyType returns the type of the key pair that a request body asks for, and "" if it asks
// for none, or not in a way that can be told.
func askedKeyType(s *schema, v *value) string {
	if s == nil || s.properties[keyTypeProperty] == nil || v == nil || v.kind != objectKind {
		return ""
	}
	switch asked := v.member(keyTypeProperty); {
	case asked == nil:
		return keyTypeRSA // source: published
	case isKeyType(asked.text):
		return asked.text
	}
	return ""
}

func isKeyType(text string) bool { return text == keyTypeRSA || text == keyTypeEd25519 }

func wordProperty(s *schema, v *value, name string, wanted kind) *value {
	if s.properties[name] == nil {
		return nil
	}
	if found := v.member(name); found != nil && found.kind == wanted {
		return found
	}
	return nil
}

func (f *findings) checkScopes(scopes *value) {
	asked := map[string]bool{}
	for _, item := range scopes.items {
		asked[item.text] = true
	}
	if asked[scopeWrite] && !asked[scopeRead] {
		f.add(root("body /scopes"), RuleScopes, "read wherever write is", "write without read")
	}
}

func (f *findings) checkPublicKey(text string) {
	var key any
	if block := onlyBlock(text); block != nil && block.Type == pemPublicKey {
		key, _ = x509.ParsePKIXPublicKey(block.Bytes)
	}
	switch key.(type) {
	case *rsa.PublicKey, ed25519.PublicKey:
	default:
		f.add(root("body /public_key"), RuleKeyForm, "an RSA or Ed25519 key as PEM of type "+pemPublicKey, "something else")
	}
}

// checkPrivateKey looks at the armour only: what is inside must be base64, and stays unread here.
// KeyType is what the answer says of the key, nil when it says nothing.
func (f *findings) checkPrivateKey(text string, keyType *value, asked string) {
	if keyType != nil && asked != "" && keyType.text != asked && isKeyType(keyType.text) {
		f.add(root("body /"+keyTypeProperty), RuleKeyForm, asked+", the type asked for", describe(keyType))
	}
	wanted := asked
	if keyType != nil {
		wanted = keyType.text
	}
	expected := []string{pemRSA, pemEd25519}
	switch wanted {
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
	f.add(root("body /private_key"), RuleKeyForm, "PEM of type "+strings.Join(expected, " or "), got)
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
