package cli_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
	program "kalshi.internal/apikeys/wrapper/internal/cli"
	"kalshi.internal/apikeys/wrapper/keystore"
)

// runningSandbox runs the command sandbox, and returns its environment file once it is there,
// what that holds, and a function that stops the sandbox.
func runningSandbox(t *testing.T, flags ...string) (file string, content []byte, stop func()) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "sandbox.env")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan outcome, 1)
	go func() {
		ended <- run(ctx, program.World{}, append([]string{"sandbox", "--type", "ed25519", "--control", "--env-file", file}, flags...)...)
	}()
	stop = func() {
		cancel()
		if got := <-ended; got.code != 0 {
			t.Errorf("the sandbox ended with %+v", got)
		}
	}
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for {
		content, err := os.ReadFile(file)
		if err == nil {
			return file, content, stop
		}
		select {
		case <-look.C:
		case got := <-ended:
			t.Fatalf("the sandbox ended with %+v", got)
		}
	}
}

func TestTheFilesOfASandboxThatStillRunsAreLeftToIt(t *testing.T) {
	file, content, stop := runningSandbox(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	run(ctx, program.World{}, "sandbox", "--env-file", file).want(t, 2,
		"belongs to a sandbox that still runs at http://127.0.0.1:", "hint: Use that sandbox, stop it, or choose another --env-file")
	mustHold(t, file, content)
	stop()
	if _, err := os.Stat(file); err == nil {
		t.Error("the sandbox that ran did not remove its file")
	}
}

// An interrupt keeps the second sandbox from finding out whether the first one runs.
func TestAnInterruptedSandboxRemovesNoFiles(t *testing.T) {
	file, content, stop := runningSandbox(t)
	defer stop()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	run(ctx, program.World{}, "sandbox", "--env-file", file).want(t, 1)
	mustHold(t, file, content)
}

func mustHold(t *testing.T, file string, content []byte) {
	t.Helper()
	if now, err := os.ReadFile(file); err != nil || !bytes.Equal(now, content) {
		t.Errorf("the file was changed (%v):\n%s\nbefore:\n%s", err, now, content)
	}
}

// sandboxCredentials returns the first key of the environment file, and the base URL.
func sandboxCredentials(t *testing.T, file string, content []byte) (*wrapper.Credentials, string) {
	t.Helper()
	value := func(name string) string {
		found := regexp.MustCompile("(?m)^export " + name + "='(.*)'$").FindSubmatch(content)
		if found == nil {
			t.Fatalf("%s has no %s:\n%s", file, name, content)
		}
		return string(found[1])
	}
	creds, err := wrapper.LoadCredentials(value("KALSHI_API_KEY_ID"), value("KALSHI_PRIVATE_KEY_PATH"))
	if err != nil {
		t.Fatal(err)
	}
	return creds, value("KALSHI_BASE_URL")
}

func sandboxTransport(t *testing.T, file string, content []byte) (*wrapper.Transport, string) {
	t.Helper()
	creds, baseURL := sandboxCredentials(t, file, content)
	transport, err := wrapper.NewTransport(creds, wrapper.WithBaseURL(baseURL), wrapper.WithRetry(wrapper.Retry{MaxAttempts: 1}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(transport.CloseIdleConnections)
	return transport, baseURL
}

// order sends an order and returns the answer's status, headers and body.
func order(t *testing.T, transport *wrapper.Transport, baseURL string) (int, http.Header, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, baseURL+"/portfolio/orders?a=b", strings.NewReader("an order"))
	if err != nil {
		t.Fatal(err)
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode, response.Header, string(body)
}

func TestASandboxHandsOtherRequestsToAnUpstreamOnceTheyAreChecked(t *testing.T) {
	own := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusCreated)
		_, _ = fmt.Fprintf(w, "%s %s %s", r.Method, r.RequestURI, body)
	}))
	defer own.Close()
	file, content, stop := runningSandbox(t, "--upstream", own.URL, "--write-limit", "10")
	defer stop()
	transport, baseURL := sandboxTransport(t, file, content)
	status, header, body := order(t, transport, baseURL)
	if status != http.StatusCreated || body != "POST /trade-api/v2/portfolio/orders?a=b an order" || len(header.Values("Date")) != 1 {
		t.Errorf("got %d %q with Date %q", status, body, header.Values("Date"))
	}
	if status, _, _ := order(t, transport, baseURL); status != http.StatusTooManyRequests {
		t.Errorf("the second order within a second is answered %d", status)
	}
	unsigned, err := http.Post(baseURL+"/portfolio/orders", "application/json", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if _ = unsigned.Body.Close(); unsigned.StatusCode != http.StatusUnauthorized {
		t.Errorf("an order without a signature is answered %s", unsigned.Status)
	}
}

func TestAnUpstreamThatDoesNotAnswerIsABadGateway(t *testing.T) {
	file, content, stop := runningSandbox(t, "--upstream", "http://127.0.0.1:0")
	defer stop()
	transport, baseURL := sandboxTransport(t, file, content)
	status, header, _ := order(t, transport, baseURL)
	if told := header.Get(sandbox.HeaderExplain); status != http.StatusBadGateway || !strings.Contains(told, "--upstream does not answer") {
		t.Errorf("got %d, explained as %q", status, told)
	}
}

// longSalt signs with the longest salt.
type longSalt struct{ crypto.Signer }

func (s longSalt) Sign(random io.Reader, digest []byte, _ crypto.SignerOpts) ([]byte, error) {
	return s.Signer.Sign(random, digest, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto, Hash: crypto.SHA256})
}

// aheadClock is ahead by 5 s.
type aheadClock struct{ wrapper.Clock }

func (c aheadClock) Now() time.Time { return c.Clock.Now().Add(5 * time.Second) }

// Each flag has an effect that a client can see.
func TestTheFlagsOfASandboxSetItsChoices(t *testing.T) {
	for flags, row := range map[string]struct {
		options []wrapper.Option
		do      func(ctx context.Context, first *wrapper.Client, as func(*wrapper.Credentials) *wrapper.Client) error
		want    error
	}{
		"--usage-level basic": {do: func(ctx context.Context, first *wrapper.Client, _ func(*wrapper.Credentials) *wrapper.Client) error {
			_, err := first.CreateAPIKey(ctx, gen.CreateAPIKeyRequest{Name: "a", PublicKey: publicPEM(t)})
			return err
		}, want: wrapper.ErrForbidden},
		"--create-delay 1h": {do: func(ctx context.Context, first *wrapper.Client, as func(*wrapper.Credentials) *wrapper.Client) error {
			_, err := as(generated(ctx, t, first)).GetAPIKeys(ctx)
			return err
		}, want: wrapper.ErrUnknownKey},
		"--delete-delay 1h": {do: func(ctx context.Context, first *wrapper.Client, as func(*wrapper.Credentials) *wrapper.Client) error {
			second := generated(ctx, t, first)
			if err := first.DeleteAPIKey(ctx, second.KeyID()); err != nil {
				return err
			}
			_, err := as(second).GetAPIKeys(ctx)
			return err
		}},
		"--list-delay 30m": {do: func(ctx context.Context, first *wrapper.Client, _ func(*wrapper.Credentials) *wrapper.Client) error {
			generated(ctx, t, first)
			list, err := first.GetAPIKeys(ctx)
			if err == nil && len(list.APIKeys) != 1 {
				err = errors.New("the list is not late")
			}
			return err
		}},
		"--behind 1ns": {do: listOnce, want: wrapper.ErrClockSkew},
		"--ahead 1ms":  {options: []wrapper.Option{wrapper.WithClock(aheadClock{wrapper.SystemClock()})}, do: listOnce, want: wrapper.ErrClockSkew},
		"--read-limit 10": {do: func(ctx context.Context, first *wrapper.Client, as func(*wrapper.Credentials) *wrapper.Client) error {
			return errors.Join(listOnce(ctx, first, as), listOnce(ctx, first, as))
		}, want: wrapper.ErrRateLimited},
		"--write-limit 1": {do: func(ctx context.Context, first *wrapper.Client, _ func(*wrapper.Credentials) *wrapper.Client) error {
			return first.DeleteAPIKey(ctx, "0190a5f2-6c1e-4d0e-9b7a-2f6f0f6f8a11")
		}, want: wrapper.ErrRateLimited},
		"--type rsa --any-salt": {do: listOnce},
		"--type rsa":            {do: listOnce, want: wrapper.ErrBadSignature},
	} {
		t.Run(flags, func(t *testing.T) {
			t.Parallel()
			file, content, stop := runningSandbox(t, strings.Fields(flags)...)
			defer stop()
			creds, baseURL := sandboxCredentials(t, file, content)
			as := func(creds *wrapper.Credentials) *wrapper.Client {
				client, err := wrapper.NewClient(creds, append(row.options, wrapper.WithBaseURL(baseURL), wrapper.WithRetry(wrapper.Retry{MaxAttempts: 1}))...)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(client.CloseIdleConnections)
				return client
			}
			if strings.HasPrefix(flags, "--type rsa") {
				creds, _ = wrapper.NewSignerCredentials(creds.KeyID(), longSalt{creds.Signer()})
			}
			if err := row.do(t.Context(), as(creds), as); !errors.Is(err, row.want) {
				t.Errorf("got %v, want %v", err, row.want)
			}
		})
	}
}

func listOnce(ctx context.Context, first *wrapper.Client, _ func(*wrapper.Credentials) *wrapper.Client) error {
	_, err := first.GetAPIKeys(ctx)
	return err
}

func generated(ctx context.Context, t *testing.T, client *wrapper.Client) *wrapper.Credentials {
	t.Helper()
	made, err := client.GenerateAPIKey(ctx, gen.GenerateAPIKeyRequest{Name: "second", KeyType: new(gen.KeyTypeEd25519)})
	if err != nil {
		t.Fatal(err)
	}
	creds, err := wrapper.NewCredentials(made.APIKeyID, []byte(made.PrivateKey.RevealPrivateKey()))
	if err != nil {
		t.Fatal(err)
	}
	return creds
}

func publicPEM(t *testing.T) string {
	t.Helper()
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	text, err := keystore.PublicKeyPEM(public)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestFlagsOfASandboxThatCannotBeAreRefused(t *testing.T) {
	for flag, want := range map[string]string{
		"--read-limit=-1": "must not be negative", "--write-limit=NaN": "must not be negative", "--create-delay=-1s": "must not be negative",
		"--behind=0s": "must not be 0", "--usage-level=gold": "choose one of basic, premier, market_maker",
		"--upstream=127.0.0.1:80": "must be a URL", "--upstream=ftp://a": "must be a URL",
	} {
		file := filepath.Join(t.TempDir(), "sandbox.env")
		run(t.Context(), program.World{}, "sandbox", "--env-file", file, flag).want(t, 2, want)
	}
}
