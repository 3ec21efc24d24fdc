package secret_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"kalshi.internal/apikeys/wrapper/secret"
)

const canary = "canary-7f3a"

type holder struct {
	Name string
	Key  secret.PEM
	Ptr  *secret.PEM
}

func TestNoPrinterShowsTheText(t *testing.T) {
	pem := secret.NewPEM(canary)
	values := map[string]any{
		"value": pem, "pointer": &pem, "struct": holder{"bot", pem, &pem},
		"slice": []secret.PEM{pem}, "map": map[string]secret.PEM{"k": pem},
	}
	for name, value := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%10s", "%T"} {
			t.Run(name+" with "+verb, func(t *testing.T) {
				mustHide(t, fmt.Sprintf(verb, value))
			})
		}
		t.Run(name+" as JSON", func(t *testing.T) {
			text, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			mustHide(t, string(text))
			mustRedact(t, string(text))
		})
		t.Run(name+" in slog", func(t *testing.T) {
			var out bytes.Buffer
			slog.New(slog.NewJSONHandler(&out, nil)).Info("made", "key", value)
			slog.New(slog.NewTextHandler(&out, nil)).Info("made", "key", value)
			mustHide(t, out.String())
		})
	}
}

func TestPrintersShowThatSomethingWasRedacted(t *testing.T) {
	pem := secret.NewPEM(canary)
	for _, verb := range []string{"%v", "%+v", "%#v", "%q", "%s"} {
		mustRedact(t, fmt.Sprintf(verb, pem))
	}
	mustRedact(t, fmt.Sprintf("%+v", holder{Key: pem}))
}

// Printers that cannot call methods, because the field is unexported, must find nothing to show.
func TestAnUnexportedFieldHidesTheTextToo(t *testing.T) {
	type quiet struct{ key secret.PEM }
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		mustHide(t, fmt.Sprintf(verb, quiet{secret.NewPEM(canary)}))
		mustHide(t, fmt.Sprintf(verb, &quiet{secret.NewPEM(canary)}))
	}
}

func TestItsOwnTextsAreRedacted(t *testing.T) {
	pem := secret.NewPEM(canary)
	for _, text := range []string{pem.String(), pem.GoString(), pem.LogValue().String()} {
		mustRedact(t, text)
		mustHide(t, text)
	}
}

func TestAPanicShowsRedacted(t *testing.T) {
	defer func() {
		mustRedact(t, fmt.Sprint(recover()))
	}()
	panic(secret.NewPEM(canary))
}

func TestTheTextComesBackFromJSONOnlyByRevealing(t *testing.T) {
	var pem secret.PEM
	if err := json.Unmarshal([]byte(`"`+canary+`"`), &pem); err != nil {
		t.Fatal(err)
	}
	if got := pem.RevealPrivateKey(); got != canary {
		t.Errorf("revealed %q, want the canary", got)
	}
}

func TestNullAndTheZeroValueAreEmpty(t *testing.T) {
	pem := secret.NewPEM(canary)
	if err := json.Unmarshal([]byte(`null`), &pem); err != nil {
		t.Fatal(err)
	}
	if !pem.IsEmpty() || !(secret.PEM{}).IsEmpty() || secret.NewPEM(canary).IsEmpty() {
		t.Error("IsEmpty must be true for null and the zero PEM, and false for a PEM with text")
	}
}

func TestJSONThatIsNoStringIsRefusedWithoutQuotingIt(t *testing.T) {
	for _, body := range []string{`{"pem":"` + canary + `"}`, `["` + canary + `"]`, `7`, `true`} {
		err := json.Unmarshal([]byte(body), new(secret.PEM))
		if !errors.Is(err, secret.ErrNotString) {
			t.Errorf("%s: got %v, want ErrNotString", body[:1], err)
		}
		mustHide(t, fmt.Sprint(err))
	}
}

func TestWhatJSONDidNotKeepIsNotTakenForAKey(t *testing.T) {
	kept, err := json.Marshal(holder{Key: secret.NewPEM(canary)})
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(kept, new(holder)); !errors.Is(err, secret.ErrRedacted) {
		t.Errorf("got %v, want ErrRedacted", err)
	}
}

func mustHide(t *testing.T, text string) {
	t.Helper()
	hex := fmt.Sprintf("%x", canary)
	if strings.Contains(text, canary) || strings.Contains(strings.ToLower(text), hex) {
		t.Errorf("the secret shows in %q", text)
	}
}

func mustRedact(t *testing.T, text string) {
	t.Helper()
	if !strings.Contains(text, secret.Redacted) {
		t.Errorf("%q does not say %s", text, secret.Redacted)
	}
}
