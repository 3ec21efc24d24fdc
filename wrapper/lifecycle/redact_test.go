package lifecycle_test

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"kalshi.internal/apikeys/wrapper/lifecycle"
)

func TestPrintedRequestsShowThatThereIsASignerAndNothingOfIt(t *testing.T) {
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, signer := range map[string]crypto.Signer{"ed25519": edKey, "rsa": rsaKey} {
		for _, request := range []any{
			lifecycle.IssueRequest{Name: "night desk", Signer: signer},
			lifecycle.RotateRequest{KeyID: "night desk", Signer: signer, Grace: time.Minute},
		} {
			for way, shown := range printed(t, request) {
				if !strings.Contains(shown, "night desk") || !strings.Contains(shown, "[REDACTED]") {
					t.Errorf("%s, %T by %s: %s", name, request, way, shown)
				}
				for _, canary := range canaries(edKey, rsaKey) {
					if strings.Contains(shown, canary) {
						t.Errorf("%s, %T by %s shows the private key", name, request, way)
					}
				}
			}
		}
	}
	if shown := fmt.Sprint(lifecycle.RotateRequest{}); strings.Contains(shown, "REDACTED") {
		t.Errorf("a request without a signer is shown as %s", shown)
	}
}

func printed(t *testing.T, value any) map[string]string {
	t.Helper()
	shown := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		shown[verb] = fmt.Sprintf(verb, value)
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	shown["json"] = string(encoded)
	var text, object bytes.Buffer
	slog.New(slog.NewTextHandler(&text, nil)).Info("request", "request", value)
	slog.New(slog.NewJSONHandler(&object, nil)).Info("request", "request", value)
	shown["slog as text"], shown["slog as JSON"] = text.String(), object.String()
	return shown
}

func canaries(edKey ed25519.PrivateKey, rsaKey *rsa.PrivateKey) []string {
	seed := edKey.Seed()
	return []string{
		strings.Trim(fmt.Sprintf("%d", seed), "[]"), fmt.Sprintf("%x", seed), base64.StdEncoding.EncodeToString(seed)[:40],
		rsaKey.D.String(), rsaKey.Primes[0].String(), fmt.Sprintf("%x", rsaKey.Primes[1]),
	}
}
