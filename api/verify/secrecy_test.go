package verify_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"kalshi.internal/apikeys/api/verify"
)

func TestATargetDoesNotPrintItsSigner(t *testing.T) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	target := verify.Target{BaseURL: "https://127.0.0.1", KeyID: "k", Signer: private}
	asJSON, err := json.Marshal(target)
	if err != nil {
		t.Fatal(err)
	}
	var shown bytes.Buffer
	slog.New(slog.NewJSONHandler(&shown, nil)).Info("x", "target", target)
	shown.Write(asJSON)
	for _, verb := range []string{"%v", "%+v", "%#v", "%x", "%s", "%d"} {
		fmt.Fprintf(&shown, verb, target)
		fmt.Fprintf(&shown, verb, &target)
	}
	forms := []string{
		hex.EncodeToString(private[:8]), base64.StdEncoding.EncodeToString(private)[:20],
		strings.Trim(fmt.Sprintf("%d", []byte(private[:8])), "[]"), strings.Trim(fmt.Sprintf("%#v", []byte(private[:4])), "[]byte{}"),
	}
	for _, form := range forms {
		if strings.Contains(shown.String(), form) {
			t.Errorf("the private key shows as %q in %s", form, shown.String())
		}
	}
}
