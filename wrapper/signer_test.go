package wrapper_test

import (
	"context"
	"crypto"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/signature"
)

// lateSigner signs when it is too late: it ends the call's context first.
type lateSigner struct {
	crypto.Signer

	end context.CancelFunc
}

func (s lateSigner) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	s.end()
	return s.Signer.Sign(random, digest, opts)
}

func TestWhatIsSignedTooLateIsNotSentAndItsOutcomeIsKnown(t *testing.T) {
	f := newFixture(t, answer(201, `{}`))
	ctx, cancel := context.WithCancel(t.Context())
	credentials, err := wrapper.NewSignerCredentials(ownKeyID, lateSigner{f.credentials.Signer(), cancel})
	if err != nil {
		t.Fatal(err)
	}
	f.credentials = credentials
	_, err = f.client(t).GenerateAPIKey(ctx, gen.GenerateAPIKeyRequest{Name: "bot"})
	mustMatch(t, err, context.Canceled)
	if errors.Is(err, wrapper.ErrOutcomeUnknown) || !strings.Contains(mustBeError(t, err).Hint, "Nothing was sent") {
		t.Errorf("nothing was sent, and the error says: %v", err)
	}
	if got := len(f.seen()); got != 0 {
		t.Errorf("%d requests", got)
	}
}

func TestTheSigningEditorNeedsNoHeaderMap(t *testing.T) {
	u, err := url.Parse("https://external-api.demo.kalshi.co" + basePath + "/api_keys")
	if err != nil {
		t.Fatal(err)
	}
	req := &http.Request{Method: http.MethodGet, URL: u}
	if err := wrapper.SignRequest(newCredentials(t, ownKeyID))(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	if got := req.Header.Get(signature.HeaderKey); got != ownKeyID {
		t.Errorf("signed for %q", got)
	}
}
