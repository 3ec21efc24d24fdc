package keystore_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/secret"
)

func TestNoPrinterShowsAPrivateKey(t *testing.T) {
	entry := newEntry(t, "id", testURL)
	key := entry.PrivateKey.RevealPrivateKey()
	record := keystore.JournalRecord{ID: "id", Data: []byte(key)}
	body := strings.Split(key, "\n")[1]
	for name, value := range map[string]any{
		"an entry": entry, "a pointer to an entry": &entry, "entries": []keystore.Entry{entry},
		"a record": record, "a pointer to a record": &record, "records": []keystore.JournalRecord{record},
	} {
		var out bytes.Buffer
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			_, _ = fmt.Fprintf(&out, verb+"\n", value)
		}
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(text)
		slog.New(slog.NewTextHandler(&out, nil)).Info("printed", "value", value)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("printed", "value", value)
		printed := out.String()
		if !strings.Contains(printed, secret.Redacted) {
			t.Errorf("%s: nothing says %s", name, secret.Redacted)
		}
		for _, shown := range []string{body, fmt.Sprintf("%x", body), strings.Trim(fmt.Sprintf("%d", []byte(body)), "[]")} {
			if strings.Contains(strings.ToLower(printed), strings.ToLower(shown)) {
				t.Errorf("%s shows its private key", name)
			}
		}
	}
}

func TestAnEntryWithoutAPrivateKeyHasNoCredentials(t *testing.T) {
	entry := newEntry(t, "id", testURL)
	if credentials, err := entry.Credentials(); err != nil || credentials.KeyID() != "id" {
		t.Errorf("got %v, %v", credentials, err)
	}
	entry.PrivateKey = secret.PEM{}
	if _, err := entry.Credentials(); !errors.Is(err, keystore.ErrNoPrivateKey) {
		t.Errorf("got %v, want ErrNoPrivateKey", err)
	}
}

func TestOnlyPublicKeysHaveAPublicKeyPEM(t *testing.T) {
	if text, err := keystore.PublicKeyPEM("no key"); !errors.Is(err, keystore.ErrInvalid) {
		t.Errorf("got %q, %v, want ErrInvalid", text, err)
	}
}
