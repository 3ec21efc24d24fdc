package wrapper_test

import (
	"strings"
	"testing"

	"kalshi.internal/apikeys/wrapper"
)

func TestTheErrorForABaseURLSaysWhatIsMissing(t *testing.T) {
	for baseURL, want := range map[string]string{
		"":                            "is a variable not set?",
		"127.0.0.1:8080/trade-api/v2": "lacks https://",
		"/trade-api/v2":               "lacks https://",
		"https:///trade-api/v2":       "must be absolute",
	} {
		_, err := wrapper.NewClient(newCredentials(t, ownKeyID), wrapper.WithBaseURL(baseURL))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", baseURL, err, want)
		}
	}
}

func TestPlainHTTPToLoopbackIsAllowedByAnyOfItsNames(t *testing.T) {
	for _, host := range []string{"localhost", "LOCALHOST", "localhost.", "127.0.0.1", "127.8.9.10", "[::1]"} {
		if _, err := wrapper.NewClient(newCredentials(t, ownKeyID), wrapper.WithBaseURL("http://"+host+":8080"+basePath)); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
}
