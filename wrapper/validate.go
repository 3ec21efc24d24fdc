package wrapper

import (
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

// The checks of requests return errors that start with the name of the field.

func checkGenerate(request gen.GenerateAPIKeyRequest) error {
	if request.KeyType != nil && !request.KeyType.Valid() {
		return errors.New("key_type must be rsa or ed25519, or left out for rsa")
	}
	return checkKeyRequest(request.Name, request.Scopes, request.Subaccount, request.FCMSubtraderID)
}

func checkCreate(request gen.CreateAPIKeyRequest) error {
	if err := checkPublicKeyText(request.PublicKey); err != nil {
		return err
	}
	return checkKeyRequest(request.Name, request.Scopes, request.Subaccount, request.FCMSubtraderID)
}

func checkKeyRequest(name string, scopes *gen.Scopes, subaccount *gen.Subaccount, subtrader *gen.FCMSubtraderID) error {
	if strings.TrimSpace(name) == "" {
		return errors.New("name must not be empty")
	}
	if !utf8.ValidString(name) {
		return errors.New("name must be valid UTF-8; JSON would change it")
	}
	if subaccount != nil && subtrader != nil {
		return errors.New("subaccount and fcm_subtrader_id exclude each other; set one of them")
	}
	if subaccount != nil && (*subaccount < 0 || *subaccount > maxSubaccount) {
		return fmt.Errorf("subaccount must be from 0 to %d, is %d", maxSubaccount, *subaccount)
	}
	return errors.Join(checkScopes(scopes), checkSubtrader(subtrader))
}

func checkScopes(scopes *gen.Scopes) error {
	if scopes == nil {
		return nil
	}
	if len(*scopes) == 0 {
		// Whether the service reads an empty list as none or as full access is not recorded.
		return errors.New("scopes must name at least one scope, or be left out for full access")
	}
	for _, scope := range *scopes {
		if !scope.Valid() {
			return fmt.Errorf("scopes: %q is not a scope that can be asked for", scrub(string(scope), maxCodeLength))
		}
	}
	if slices.Contains(*scopes, gen.ScopeWrite) && !slices.Contains(*scopes, gen.ScopeRead) {
		return errors.New("scopes: write needs read too")
	}
	return nil
}

func checkSubtrader(id *gen.FCMSubtraderID) error {
	if id == nil || subtraderPattern.MatchString(*id) {
		return nil
	}
	return errors.New("fcm_subtrader_id must be {user_id}_{suffix}, with a suffix of 1 to 16 ASCII letters and digits")
}

// checkKeyID accepts UUIDs only: every recorded key ID is one (source: observed), and none can
// change the path of a request.
func checkKeyID(id string) error {
	switch {
	case id == "":
		return errors.New("api_key must not be empty: it is the ID of the key to delete")
	case !protocol.IsKeyID(id):
		return errors.New("api_key must be a UUID, such as 0190a5f2-6c1e-4d0e-9b7a-2f6f0f6f8a11")
	}
	return nil
}

// checkPublicKeyText makes sure that nothing but a public key leaves the machine. Its errors quote
// nothing of the text.
func checkPublicKeyText(text string) error {
	block, rest := pem.Decode([]byte(text))
	switch {
	case strings.TrimSpace(text) == "":
		return errors.New("public_key must not be empty")
	case strings.Contains(text, "PRIVATE KEY"):
		return errors.New("public_key holds a private key; keep it, and give its public half (openssl pkey -in FILE -pubout)")
	case block == nil || !strings.HasPrefix(strings.TrimSpace(text), "-----BEGIN"):
		return errors.New("public_key is not PEM; it must start with -----BEGIN PUBLIC KEY-----")
	case block.Type != "PUBLIC KEY":
		return errors.New("public_key must be PEM SPKI (BEGIN PUBLIC KEY); convert it with openssl pkey -pubout")
	case strings.TrimSpace(string(rest)) != "":
		return errors.New("public_key must hold one key and nothing after it")
	}
	return checkSPKI(block.Bytes)
}

func checkSPKI(der []byte) error {
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return errors.New("public_key does not parse as a public key; it may be cut short")
	}
	switch checkPublicKey(key) {
	case "":
		return nil
	case ProblemWeakRSA:
		return fmt.Errorf("public_key must be an RSA key of at least %d bits", minRSABits)
	}
	return errors.New("public_key must be an RSA or Ed25519 key")
}
