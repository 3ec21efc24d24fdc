package wrapper

import (
	"cmp"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// maxSubaccount is the highest number of a subaccount (source: published).
const maxSubaccount = 63

var subtraderPattern = regexp.MustCompile(`^.+_[0-9A-Za-z]{1,16}$`)

// A rule is one of the contract's for requests. Its problem begins with the name of the field.
type rule struct {
	broken  bool
	problem string
}

// check returns the problem of the first rule that is broken, nil if there is none.
func check(rules ...rule) error {
	for _, rule := range rules {
		if rule.broken {
			return errors.New(rule.problem)
		}
	}
	return nil
}

func checkGenerate(request gen.GenerateAPIKeyRequest) error {
	return cmp.Or(
		check(rule{request.KeyType != nil && !request.KeyType.Valid(), "key_type must be rsa or ed25519, or left out for rsa"}),
		checkKeyRequest(request.Name, request.Scopes, request.Subaccount, request.FCMSubtraderID),
	)
}

func checkCreate(request gen.CreateAPIKeyRequest) error {
	return cmp.Or(
		checkPublicKeyText(request.PublicKey),
		checkKeyRequest(request.Name, request.Scopes, request.Subaccount, request.FCMSubtraderID),
	)
}

func checkKeyRequest(name string, scopes *gen.Scopes, subaccount *gen.Subaccount, subtrader *gen.FCMSubtraderID) error {
	return cmp.Or(check(
		rule{strings.TrimSpace(name) == "", "name must not be empty"},
		rule{!utf8.ValidString(name), "name must be valid UTF-8; JSON would change it"},
		rule{subaccount != nil && subtrader != nil, "subaccount and fcm_subtrader_id exclude each other; set one of them"},
		rule{subaccount != nil && (*subaccount < 0 || *subaccount > maxSubaccount), "subaccount must be from 0 to 63"},
	), checkScopes(scopes), checkSubtrader(subtrader))
}

func checkScopes(scopes *gen.Scopes) error {
	if scopes == nil {
		return nil
	}
	unknown := slices.IndexFunc(*scopes, func(s gen.Scope) bool { return !s.Valid() })
	if unknown >= 0 {
		return fmt.Errorf("scopes: %q is not a scope that can be asked for", scrub(string((*scopes)[unknown]), maxCodeLength))
	}
	return check(
		// Whether the service reads an empty list as none or as full access is not recorded.
		rule{len(*scopes) == 0, "scopes must name at least one scope, or be left out for full access"},
		rule{slices.Contains(*scopes, gen.ScopeWrite) && !slices.Contains(*scopes, gen.ScopeRead), "scopes: write needs read too"},
	)
}

func checkSubtrader(id *gen.FCMSubtraderID) error {
	malformed := id != nil && !subtraderPattern.MatchString(*id)
	return check(rule{malformed, "fcm_subtrader_id must be {user_id}_{suffix}, with a suffix of 1 to 16 ASCII letters and digits"})
}

// checkKeyID accepts UUIDs only: every recorded key ID is one (source: observed), and a UUID cannot
// change the path of a request.
func checkKeyID(id string) error {
	return check(
		rule{id == "", "api_key must not be empty: it is the ID of the key to delete"},
		rule{!protocol.IsKeyID(id), "api_key must be a UUID, such as 0190a5f2-6c1e-4d0e-9b7a-2f6f0f6f8a11"},
	)
}

// checkPublicKeyText makes sure that only a public key leaves the machine. Its errors do not quote
// the text.
func checkPublicKeyText(text string) error {
	_, named := readPublicKey(text)
	if named != nil && (named == problemNotPEM || named.name != problemNotPEM.name && named != problemCutOff) {
		named = nil // what follows says it as well
	}
	block, rest := pem.Decode([]byte(text))
	if block == nil {
		block = new(pem.Block)
	}
	return cmp.Or(check(
		rule{strings.TrimSpace(text) == "", "public_key must not be empty"},
		rule{strings.Contains(text, "PRIVATE KEY"), "public_key holds a private key; keep it, and give its public half (openssl pkey -in FILE -pubout)"},
		rule{named != nil, "public_key: " + strings.ReplaceAll(cmp.Or(named, &problem{}).what, "private key", "public key")},
		rule{!strings.HasPrefix(strings.TrimSpace(text), "-----BEGIN"), "public_key is not PEM; it must start with -----BEGIN PUBLIC KEY-----"},
		rule{block.Type == "", "public_key is not PEM, or is cut short"},
		rule{block.Type != "PUBLIC KEY", "public_key must be PEM SPKI (BEGIN PUBLIC KEY); convert it with openssl pkey -pubout"},
		rule{strings.TrimSpace(string(rest)) != "", "public_key must hold one key and nothing after it"},
	), checkSPKI(block.Bytes))
}

func checkSPKI(der []byte) error {
	key, err := x509.ParsePKIXPublicKey(der)
	problem := checkPublicKey(key)
	return check(
		rule{err != nil, "public_key does not parse as a public key; it may be cut short"},
		rule{problem == problemWeakRSA, "public_key must be an RSA key of at least 2048 bits"},
		rule{problem != nil, "public_key must be an RSA or Ed25519 key"},
	)
}
