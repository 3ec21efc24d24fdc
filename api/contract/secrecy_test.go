package contract_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"net/url"
	"strings"
	"testing"
)

// TestNoViolationShowsKeyMaterial puts a private key, whole and in pieces, wherever a message
// has room for it, and looks for any twelve characters of it in what is reported.
func TestNoViolationShowsKeyMaterial(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der := x509.MarshalPKCS1PrivateKey(key)
	armoured := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: der}))
	forms := map[string]string{
		"PEM":         armoured,
		"one line":    strings.ReplaceAll(armoured, "\n", ""),
		"hexadecimal": hex.EncodeToString(der),
		"hex bytes":   colons(hex.EncodeToString(der)),
		"digits":      key.D.String(),
	}
	for form, secret := range forms {
		line := strings.Split(secret, "\n")[min(1, strings.Count(secret, "\n"))]
		for _, piece := range []string{secret, line, line[:min(len(line), 40)], line[:16]} {
			for name, e := range places(piece) {
				collector := e.throughTransport(t)
				if len(collector.Violations()) == 0 {
					t.Errorf("%s in %s broke no rule", form, name)
				}
				wantNothingOf(t, secret, collector)
				wantNothingOf(t, secret, e.throughHandler(t))
			}
		}
	}
}

func places(secret string) map[string]exchange {
	inString, name := quoted(secret), quoted("x"+secret)
	places := map[string]exchange{
		"the generated key":  generate().answering(answer(201, `{"api_key_id":"1","private_key":`+inString+`,"key_type":"ed25519"}`)),
		"an ID":              generate().answering(answer(201, `{"api_key_id":`+inString+`}`)),
		"a name of a member": generate().answering(answer(201, `{"api_key_id":"1",`+name+`:{`+name+`:1,`+name+`:1}}`)),
		"an unknown member":  create().answering(answer(201, `{"api_key_id":"1","private_key":`+inString+`}`)),
		"an error body":      create().answering(answer(400, `{"error":[`+inString+`]}`)),
		"broken JSON":        create().answering(answer(400, `{"error":`+inString+inString)),
		"a text body":        create().answering(answerAs(400, "text/plain", secret)),
		"a public key":       create().sending(`{"name":"a","public_key":` + inString + `}`),
		"a scope":            generate().sending(`{"name":"a","scopes":[` + inString + `]}`),
		"a key type":         generate().sending(`{"name":"a","key_type":` + inString + `}`),
		"a subtrader":        generate().sending(`{"name":"a","fcm_subtrader_id":` + inString + `}`),
		"a query name":       list().to("GET", "/api_keys?"+url.QueryEscape(secret)+"=1"),
		"a query value":      list().to("GET", "/api_keys?fcm_subtrader_id="+url.QueryEscape(secret)),
		"a path":             remove().to("DELETE", "/api_keys/"+url.PathEscape(secret)),
		"a longer path":      list().to("GET", "/"+url.PathEscape(secret)+"/x"),
	}
	if !strings.ContainsFunc(secret, func(char rune) bool { return char < '0' || char > '9' }) {
		places["a number"] = generate().sending(`{"name":1` + secret + `}`)
	}
	if !strings.Contains(secret, "\n") {
		for _, header := range []string{"Kalshi-Access-Key", "Kalshi-Access-Timestamp", "Content-Type", "Content-Encoding"} {
			places[header] = create().setting(header, secret)
		}
		places["the signature"] = create().setting("Kalshi-Access-Signature", secret+"!")
	}
	return places
}

func wantNothingOf(t *testing.T, secret string, collector *reports) {
	t.Helper()
	for _, v := range append(collector.Violations(), collector.allowed...) {
		asJSON, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		shown := v.String() + string(asJSON)
		for i := 0; i+12 <= len(shown); i++ {
			if part := shown[i : i+12]; strings.Contains(secret, part) && part != "PRIVATE KEY" && !strings.Contains("RSA PRIVATE KEY", part) {
				t.Errorf("%q of the key is in:\n%s", part, v)
				break
			}
		}
	}
}

// colons separates the bytes of digits as openssl does.
func colons(digits string) string {
	var pairs []string
	for i := 0; i+2 <= len(digits); i += 2 {
		pairs = append(pairs, digits[i:i+2])
	}
	return strings.Join(pairs, ":")
}
