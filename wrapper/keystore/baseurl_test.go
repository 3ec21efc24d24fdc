package keystore_test

import (
	"errors"
	"testing"

	"kalshi.internal/apikeys/wrapper/keystore"
)

func TestABaseURLHasOneNormalForm(t *testing.T) {
	for given, want := range map[string]string{
		"https://host/trade-api/v2":       "https://host/trade-api/v2",
		"https://host/trade-api/v2//":     "https://host/trade-api/v2",
		" HTTPS://Host:8443/Trade-API/\n": "https://host:8443/Trade-API",
		"http://127.0.0.1:80":             "http://127.0.0.1:80",
	} {
		if got, err := keystore.NormalizeBaseURL(given); err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", given, got, err, want)
		}
	}
	for _, given := range []string{
		"", "host", "/path", "ftp://host", "https://", "https://user:pass@host", "https://host?a", "https://host?", "https://host#a", "https://ho st", "https://host/%zz", "https://host/a b",
	} {
		if got, err := keystore.NormalizeBaseURL(given); !errors.Is(err, keystore.ErrInvalid) {
			t.Errorf("%q: got %q, %v, want ErrInvalid", given, got, err)
		}
	}
}

func FuzzNormalizeBaseURL(f *testing.F) {
	f.Add("https://Host/trade-api/v2/")
	f.Add("http:///")
	f.Add("https://host//%2f /")
	f.Add("http://0/ %2f")
	f.Fuzz(func(t *testing.T, given string) {
		normal, err := keystore.NormalizeBaseURL(given)
		if err != nil {
			return
		}
		if again, err := keystore.NormalizeBaseURL(normal); err != nil || again != normal {
			t.Errorf("%q becomes %q, and then %q, %v", given, normal, again, err)
		}
	})
}
