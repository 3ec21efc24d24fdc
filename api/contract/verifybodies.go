package contract

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// fields is a request body; a value is JSON text.
type fields map[string]string

func (f fields) with(name, text string) fields {
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
	var members []string
	for _, name := range slices.Sorted(maps.Keys(f)) {
		members = append(members, quote(name)+":"+f[name])
	}
	return "{" + strings.Join(members, ",") + "}"
}

func quote(text string) string {
	// A string always has a JSON form.
	quoted, _ := json.Marshal(text)
	return string(quoted)
}

// wrongBody is a body that the contract forbids.
type wrongBody struct {
	name string
	text string
	// why accepting it is tolerated, if it is
	tolerated string
}

const (
	ignoresFields = "the server ignores it, which many do"
	ignoresNull   = "the server takes null for absent, which many do"
)

// wrongBodies derives from the schema every way in which a right body can be made wrong: each
// required field missing, each type wrong, each bound crossed.
func wrongBodies(s *schema, right fields) []wrongBody {
	var wrong []wrongBody
	add := func(name string, body fields) { wrong = append(wrong, wrongBody{name: name, text: body.String()}) }
	for _, name := range s.required {
		add("without "+name, right.without(name))
		add("null as "+name, right.with(name, "null"))
	}
	for _, name := range s.propertyNames() {
		for _, text := range wrongValues(s.properties[name].resolved()) {
			add(abbreviate(text)+" as "+name, right.with(name, text))
		}
		if !slices.Contains(s.required, name) {
			wrong = append(wrong, wrongBody{"null as " + name, right.with(name, "null").String(), ignoresNull})
		}
	}
	if s.not != nil {
		both := maps.Clone(right)
		for _, name := range s.not.required {
			both[name] = rightValue(s.properties[name].resolved())
		}
		add(strings.Join(s.not.required, " and ")+" together", both)
	}
	if s.properties[scopesProperty] != nil {
		add("the scope write without read", right.with(scopesProperty, `["write"]`))
	}
	return append(wrong, wrongWholes(right)...)
}

func wrongWholes(right fields) []wrongBody {
	text := right.String()
	return []wrongBody{
		{name: "an empty object", text: "{}"},
		{name: "an array instead of an object", text: "[]"},
		{name: "null instead of an object", text: "null"},
		{name: "text that is not JSON", text: "name=verify"},
		{name: "JSON that ends too early", text: strings.TrimSuffix(text, "}")},
		{name: "two JSON values", text: text + text},
		{"an unknown field", right.with("verify_unknown", "1").String(), ignoresFields},
		{"a name twice", `{"name":` + right[nameProperty] + "," + strings.TrimPrefix(text, "{"), "the server takes one of the two, which many do"},
	}
}

// wrongValues returns values that do not fit s, as JSON text.
func wrongValues(s *schema) []string {
	var wrong []string
	for kind, text := range map[kind]string{
		boolKind: "true", integerKind: "7", stringKind: `"7"`, arrayKind: "[]", objectKind: "{}", numberKind: "1.5",
	} {
		if !s.kind.admits(kind) {
			wrong = append(wrong, text)
		}
	}
	slices.Sort(wrong)
	if s.minimum != nil {
		wrong = append(wrong, fmt.Sprint(*s.minimum-1))
	}
	if s.maximum != nil {
		wrong = append(wrong, fmt.Sprint(*s.maximum+1), "99999999999999999999")
	}
	if s.enum != nil {
		wrong = append(wrong, `"verify-unknown"`, quote(strings.ToUpper(s.enum[0])), `""`)
	}
	for _, text := range unmatched(s) {
		wrong = append(wrong, quote(text))
	}
	if s.items != nil {
		for _, item := range append(wrongValues(s.items.resolved()), "null") {
			wrong = append(wrong, "["+item+"]")
		}
	}
	return wrong
}

// unmatched returns texts that do not match the pattern of s.
func unmatched(s *schema) []string {
	if s.pattern == nil {
		return nil
	}
	candidates := []string{"", "verify", "verify_", "_verify", "verify_12345678901234567", "verify_a-b"}
	return slices.DeleteFunc(candidates, s.pattern.MatchString)
}

func rightValue(s *schema) string {
	if s.minimum != nil {
		return fmt.Sprint(*s.minimum)
	}
	return quote(exampleSubtrader)
}

// abbreviate keeps names of checks short. What it shows is made by this package.
func abbreviate(text string) string {
	return shorten(text, maxToken)
}

// making is what a right request of an operation that makes keys sends and may come back with.
type making struct {
	name string
	body fields
	want wanted
	// the private half, when it stays here
	own identity
	// the type a generated key must have
	keyType string
	// whether the key must work, and be refused once it is deleted
	full bool
}

// makings are the bodies for one operation.
type makings struct {
	right []making
	wrong []wrongBody
}

const accountDependent = "depends on the account"

// variants are the optional fields that both operations have.
func variants(s *schema, right fields, want wanted) []making {
	bounds := s.properties[subaccountProperty].resolved()
	tolerant := want.noting(accountDependent, 400, 403, 409)
	list := []making{
		{name: "for the lowest subaccount", body: right.with(subaccountProperty, fmt.Sprint(*bounds.minimum)), want: tolerant},
		{name: "for the highest subaccount", body: right.with(subaccountProperty, fmt.Sprint(*bounds.maximum)), want: tolerant},
		{name: "for a subtrader", body: right.with(subtraderProperty, quote(exampleSubtrader)), want: tolerant},
	}
	for _, scope := range s.properties[scopesProperty].resolved().items.resolved().enum {
		scopes, scopeWant := "["+quote(scope)+"]", want.noting(accountDependent, 403)
		if scope == scopeWrite {
			scopes = `["read","write"]`
		}
		list = append(list, making{name: "with scopes " + scopes, body: right.with(scopesProperty, scopes), want: scopeWant})
	}
	return list
}

// generateBodies returns the bodies for generateApiKey.
func (p *probe) generateBodies() makings {
	s := operationAt("POST", "/api_keys/generate").request
	right := fields{nameProperty: quote(p.prefix)}
	list := []making{{name: "with a name only", body: right, want: wants(201), keyType: keyTypeRSA, full: true}}
	for _, keyType := range s.properties[keyTypeProperty].resolved().enum {
		list = append(list, making{
			name: "of type " + keyType, body: right.with(keyTypeProperty, quote(keyType)),
			want: wants(201), keyType: keyType, full: true,
		})
	}
	// Ed25519, because making RSA keys takes a server long.
	quick := right.with(keyTypeProperty, quote(keyTypeEd25519))
	return makings{append(list, variants(s, quick, wants(201))...), wrongBodies(s, quick)}
}

// createBodies returns the bodies for createApiKey.
func (p *probe) createBodies() makings {
	s := operationAt("POST", "/api_keys").request
	want := wants(201).noting("the account is not on the Premier or Market Maker level", 403)
	right := fields{nameProperty: quote(p.prefix)}
	var result makings
	rsaKey := ownRSAKey()
	// The generators fail only when the system has no randomness, which ends the program.
	_, edKey, _ := ed25519.GenerateKey(rand.Reader)
	ecKey, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	quick := right.with(publicKeyProperty, quote(publicPEM(edKey.Public())))
	result.right = append([]making{
		{name: "with an RSA key", body: right.with(publicKeyProperty, quote(publicPEM(rsaKey.Public()))), want: want, own: identity{signer: rsaKey}, full: true},
		{name: "with an Ed25519 key", body: quick, want: want, own: identity{signer: edKey}, full: true},
	}, variants(s, quick, want)...)
	result.wrong = wrongBodies(s, quick)
	for name, text := range map[string]string{
		"a public key without armour":       "MCowBQYDK2VwAyEA",
		"a public key on an elliptic curve": publicPEM(ecKey.Public()),
		"a public key with broken contents": string(pem.EncodeToMemory(&pem.Block{Type: pemPublicKey, Bytes: []byte("verify")})),
		"an empty public key":               "",
	} {
		result.wrong = append(result.wrong, wrongBody{name: name, text: quick.with(publicKeyProperty, quote(text)).String()})
	}
	return result
}

// ownRSAKey makes one key for a process, because that takes long. A target knows it for as long
// as one check takes.
var ownRSAKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, _ := rsa.GenerateKey(rand.Reader, rsaBits)
	return key
})

func publicPEM(key any) string {
	// Every key that is given here has an SPKI form.
	der, _ := x509.MarshalPKIXPublicKey(key)
	return string(pem.EncodeToMemory(&pem.Block{Type: pemPublicKey, Bytes: der}))
}
