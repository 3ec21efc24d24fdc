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
	"testing/synctest"
	"time"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/protocol"
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
	if errors.Is(err, wrapper.ErrOutcomeUnknown) || !strings.Contains(mustBeError(t, err).Hint, "nothing was changed") {
		t.Errorf("nothing was sent, and the error says: %v", err)
	}
	if got := len(f.seen()); got != 0 {
		t.Errorf("%d requests", got)
	}
}

// slowAtFirst takes longer than an attempt may take the first time that it signs.
type slowAtFirst struct {
	crypto.Signer

	signed *int
}

func (s slowAtFirst) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if *s.signed++; *s.signed == 1 {
		<-time.After(2 * wrapper.DefaultRetry().AttemptTimeout)
	}
	return s.Signer.Sign(random, digest, opts)
}

func TestWhatIsSignedTooLateForAnAttemptIsSentByTheNext(t *testing.T) {
	for name, row := range map[string]struct {
		status int
		body   string
		call   func(context.Context, *wrapper.Client) error
	}{
		"GET": {200, emptyList, func(ctx context.Context, c *wrapper.Client) error {
			_, err := c.GetAPIKeys(ctx)
			return err
		}},
		"POST": {201, `{"api_key_id":"` + otherKey + `","private_key":"k"}`, func(ctx context.Context, c *wrapper.Client) error {
			_, err := c.GenerateAPIKey(ctx, gen.GenerateAPIKeyRequest{Name: "bot"})
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			signer := slowAtFirst{newCredentials(t, ownKeyID).Signer(), new(int)}
			credentials, err := wrapper.NewSignerCredentials(ownKeyID, signer)
			if err != nil {
				t.Fatal(err)
			}
			sent := emptyAnswers{&http.Response{
				StatusCode: row.status, Header: http.Header{"Content-Type": {"application/json"}},
				Body: io.NopCloser(strings.NewReader(row.body)),
			}}
			// No time passes but for what waits.
			synctest.Test(t, func(t *testing.T) {
				client, err := wrapper.NewClient(credentials, wrapper.WithHTTPTransport(sent))
				if err != nil {
					t.Fatal(err)
				}
				if err := row.call(t.Context(), client); err != nil || *signer.signed != 2 {
					t.Errorf("signed %d times: %v", *signer.signed, err)
				}
			})
		})
	}
}

// silent never answers.
type silent struct{ asked *int }

func (s silent) RoundTrip(req *http.Request) (*http.Response, error) {
	*s.asked++
	<-req.Context().Done()
	return nil, req.Context().Err()
}

func TestAnAttemptEndsWhenItsTimeIsOver(t *testing.T) {
	credentials := newCredentials(t, ownKeyID)
	synctest.Test(t, func(t *testing.T) {
		began, server := time.Now(), silent{new(int)}
		client, err := wrapper.NewClient(credentials, wrapper.WithHTTPTransport(server), wrapper.WithRetry(wrapper.Retry{MaxAttempts: 3}))
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.GetAPIKeys(t.Context())
		mustMatch(t, err, wrapper.ErrUnavailable, context.DeadlineExceeded)
		if took := time.Since(began); *server.asked != 3 || took < 3*wrapper.DefaultRetry().AttemptTimeout {
			t.Errorf("%d attempts in %s", *server.asked, took)
		}
	})
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
	if got := req.Header.Get(protocol.HeaderKey); got != ownKeyID {
		t.Errorf("signed for %q", got)
	}
}
