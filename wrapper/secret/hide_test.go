package secret_test

import (
	"testing"

	"kalshi.internal/apikeys/wrapper/secret"
)

func TestHidePEMHidesEveryBlockButThoseOfPublicKeys(t *testing.T) {
	const (
		private = "-----BEGIN PRIVATE " + "KEY-----\nQ0FO\n-----END PRIVATE " + "KEY-----"
		public  = "-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----"
	)
	for text, want := range map[string]string{
		"it must start with -----BEGIN PUBLIC KEY-----":  "it must start with -----BEGIN PUBLIC KEY-----",
		"before " + private + " after":                   "before [REDACTED] after",
		"before " + private[:40]:                         "before [REDACTED]",
		public:                                           public,
		public + private:                                 public + "[REDACTED]",
		"-----BEGIN PUBLIC KEY----- and then " + private: "-----BEGIN PUBLIC KEY----- and then [REDACTED]",
		private + public:                                 "[REDACTED]" + public,
		"--- BEGIN RSA PRIVATE " + "KEY ---\nQ0FO":       "[REDACTED]",
		"-----BEGIN CERTIFICATE-----\nMIIB":              "[REDACTED]",
		"no armour":                                      "no armour",
	} {
		if got := secret.HidePEM(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
		if holds := secret.HoldsPEM(text); holds != (text != "no armour") {
			t.Errorf("%q holds PEM: %t", text, holds)
		}
	}
}
