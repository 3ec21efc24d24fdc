package verify

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"slices"
	"sync"
)

// Properties and values that the checks know the meaning of.
const (
	scopesProperty     = "scopes"
	publicKeyProperty  = "public_key"
	privateKeyProperty = "private_key"
	keyTypeProperty    = "key_type"
	nameProperty       = "name"
	keyIDProperty      = "api_key_id"
	subaccountProperty = "subaccount"
	subtraderProperty  = "fcm_subtrader_id"

	scopeRead      = "read"
	scopeWrite     = "write"
	keyTypeRSA     = "rsa"
	keyTypeEd25519 = "ed25519"
)

// fields is a request body.
type fields map[string]json.RawMessage

func (f fields) with(name string, text json.RawMessage) fields {
	copied := maps.Clone(f)
	copied[name] = text
	return copied
}

func (f fields) without(name string) fields {
	copied := maps.Clone(f)
	delete(copied, name)
	return copied
}

// String returns the body as JSON.
func (f fields) String() string {
	text, _ := json.Marshal(f) // what it holds is JSON, made by this package
	return string(text)
}

// value returns a field as a decoder of answers gives it, nil if there is none.
func (f fields) value(name string) any {
	decoder := json.NewDecoder(bytes.NewReader(f[name]))
	decoder.UseNumber()
	var value any
	_ = decoder.Decode(&value) // an empty text leaves it nil
	return value
}

func quote(text string) json.RawMessage {
	quoted, _ := json.Marshal(text) // a string always has a JSON form
	return quoted
}

const accountDependent = "depends on the account"

// checkGenerate makes the checks of generateApiKey.
func (p *probe) checkGenerate(op *operation) {
	want := wants(op.success())
	body := fields{nameProperty: quote(p.keys.prefix)}
	right := []making{{name: "with a name only", body: body, want: want, keyType: keyTypeRSA, full: true}}
	for _, keyType := range texts(resolved(op.request.Properties[keyTypeProperty]).Enum) {
		right = append(right, making{
			name: "of type " + keyType, body: body.with(keyTypeProperty, quote(keyType)),
			want: want, keyType: keyType, full: true,
		})
	}
	// Ed25519, because making RSA keys takes a server long.
	quick := body.with(keyTypeProperty, quote(keyTypeEd25519))
	p.checkMaking(op, append(right, variants(op.request, quick, want)...), wrongBodies(op.request, quick))
}

// checkCreate makes the checks of createApiKey.
func (p *probe) checkCreate(op *operation) {
	want := wants(op.success()).noting("the account is not on the Premier or Market Maker level", 403)
	body := fields{nameProperty: quote(p.keys.prefix)}
	rsaKey, edKey := ownRSAKey(), newEd25519Key()
	quick := body.with(publicKeyProperty, publicPEM(edKey.Public()))
	right := []making{
		{name: "with an RSA key", body: body.with(publicKeyProperty, publicPEM(rsaKey.Public())), want: want, own: rsaKey, full: true},
		{name: "with an Ed25519 key", body: quick, want: want, own: edKey, full: true},
	}
	p.checkMaking(op, append(right, variants(op.request, quick, want)...), append(wrongBodies(op.request, quick), wrongKeys(quick)...))
}

// wrongKeys are bodies with a public key that the contract forbids in words only.
func wrongKeys(right fields) []wrongBody {
	// It fails only when the system has no randomness, which ends the program.
	ecKey, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	broken := pem.EncodeToMemory(&pem.Block{Type: pemPublicKey, Bytes: []byte("verify")})
	wrong := []wrongBody{
		{name: "a public key without armour", text: "MCowBQYDK2VwAyEA"},
		{name: "a public key with broken contents", text: string(broken)},
		{name: "an empty public key", text: ""},
	}
	for i := range wrong {
		wrong[i].text = right.with(publicKeyProperty, quote(wrong[i].text)).String()
	}
	onCurve := right.with(publicKeyProperty, publicPEM(ecKey.Public()))
	return append(wrong, wrongBody{name: "a public key on an elliptic curve", text: onCurve.String()})
}

// ownRSAKey makes one key for a process, because that takes long. A target knows it for as long
// as one check takes.
var ownRSAKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, _ := rsa.GenerateKey(rand.Reader, rsaBits)
	return key
})

// publicPEM returns a public key as a field of a body has it.
func publicPEM(key any) json.RawMessage {
	der, _ := x509.MarshalPKIXPublicKey(key) // every key that is given here has an SPKI form
	return quote(string(pem.EncodeToMemory(&pem.Block{Type: pemPublicKey, Bytes: der})))
}

// texts returns the strings of an enum.
func texts(enum []any) []string {
	var all []string
	for _, value := range enum {
		all = append(all, fmt.Sprint(value))
	}
	return slices.Clip(all)
}
