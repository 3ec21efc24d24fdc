package cli_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper"
	program "kalshi.internal/apikeys/wrapper/internal/cli"
)

const (
	ownKeyID  = "0190a5f2-6c1e-4d0e-9b7a-2f6f0f6f8a11"
	madeKeyID = "0190a5f2-6c1e-4d0e-9b7a-2f6f0f6f8a12"
)

// outcome is what a run of the program came to.
type outcome struct {
	code           int
	stdout, stderr string
}

func run(ctx context.Context, world program.World, args ...string) outcome {
	var stdout, stderr bytes.Buffer
	world.Stdout, world.Stderr = &stdout, &stderr
	code := program.Run(ctx, world, args...)
	return outcome{code, stdout.String(), stderr.String()}
}

func (o outcome) want(t *testing.T, code int, stderr ...string) {
	t.Helper()
	if o.code != code {
		t.Errorf("exit code %d, want %d; stderr:\n%s", o.code, code, o.stderr)
	}
	for _, text := range stderr {
		if !strings.Contains(o.stderr, text) {
			t.Errorf("stderr lacks %q:\n%s", text, o.stderr)
		}
	}
	if strings.Contains(o.stdout+o.stderr, "BEGIN") {
		t.Errorf("a PEM was printed:\n%s%s", o.stdout, o.stderr)
	}
}

// worldOf returns an environment that leads to handler, with credentials that no one checks.
func worldOf(t *testing.T, handler http.Handler) program.World {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return program.World{Env: map[string]string{
		"KALSHI_BASE_URL":     server.URL + sandbox.BasePath,
		wrapper.EnvAPIKeyID:   ownKeyID,
		wrapper.EnvPrivateKey: string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	}}
}

// fullDisk is a file that cannot keep anything.
type fullDisk struct{ discarded bool }

func (*fullDisk) Keep([]byte) error { return errors.New("no space left on device") }

func (f *fullDisk) Discard() error {
	f.discarded = true
	return nil
}

// stuckFile is a file that cannot be removed.
type stuckFile struct{ fullDisk }

func (*stuckFile) Discard() error { return errors.New("device is gone") }

// generating answers generateApiKey with a key, and deleteApiKey with status.
func generating(t *testing.T, status int, deleted *bool) http.Handler {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /trade-api/v2/api_keys/generate", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(`{"api_key_id":"` + madeKeyID + `","private_key":"secret text"}`))
	})
	mux.HandleFunc("DELETE /trade-api/v2/api_keys/"+madeKeyID, func(w http.ResponseWriter, _ *http.Request) {
		*deleted = true
		w.WriteHeader(status)
	})
	return mux
}

func TestAKeyThatCannotBeKeptIsDeletedAgain(t *testing.T) {
	for name, status := range map[string]int{
		"deleted":   http.StatusNoContent,
		"not there": http.StatusNotFound,
	} {
		t.Run(name, func(t *testing.T) {
			var deleted bool
			world := worldOf(t, generating(t, status, &deleted))
			file := &fullDisk{}
			world.KeyFile = file
			got := run(t.Context(), world, "generate", "bot", "--out", "key.pem")
			got.want(t, 1, madeKeyID, "no space left on device", "the key was deleted again", "hint: ")
			if !deleted || !file.discarded {
				t.Errorf("key deleted: %t, file discarded: %t", deleted, file.discarded)
			}
			if strings.Contains(got.stdout+got.stderr, "secret text") {
				t.Error("the private key was printed")
			}
		})
	}
}

func TestAKeyThatCanNeitherBeKeptNorDeletedIsNamedLoudly(t *testing.T) {
	var deleted bool
	world := worldOf(t, generating(t, http.StatusForbidden, &deleted))
	file := &fullDisk{}
	world.KeyFile = file
	got := run(t.Context(), world, "generate", "bot", "--out", "key.pem")
	got.want(t, 1, "KEY "+madeKeyID+" IS LIVE", "forbidden", "kalshi-keys delete "+madeKeyID+" --yes")
	if !deleted || file.discarded {
		t.Errorf("deletion tried: %t, file discarded: %t; the file may hold the only copy", deleted, file.discarded)
	}
}

func TestAKeyThatCannotBeKeptIsDeletedAlsoAfterAnInterrupt(t *testing.T) {
	var deleted bool
	ctx, interrupt := context.WithCancel(t.Context())
	world := worldOf(t, generating(t, http.StatusNoContent, &deleted))
	world.KeyFile = interrupting{&fullDisk{}, interrupt}
	got := run(ctx, world, "generate", "bot", "--out", "key.pem")
	got.want(t, 1, "the key was deleted again")
	if !deleted {
		t.Error("the key was not deleted")
	}
}

// interrupting is a full disk, found while the user loses patience.
type interrupting struct {
	*fullDisk

	interrupt context.CancelFunc
}

func (i interrupting) Keep(content []byte) error {
	i.interrupt()
	return i.fullDisk.Keep(content)
}

func TestAnEmptyFileThatStaysIsMentioned(t *testing.T) {
	world := worldOf(t, http.NotFoundHandler())
	world.KeyFile = &stuckFile{}
	run(t.Context(), world, "generate", "bot", "--out", "key.pem").
		want(t, 4, "the empty file key.pem is still there: device is gone")
}

func TestAnInterruptedGenerateHasAnUnknownOutcome(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	world := worldOf(t, hanging(t, interrupt))
	world.KeyFile = &fullDisk{}
	run(ctx, world, "generate", "bot", "--out", "key.pem").want(t, 6, "outcome unknown", "hint: A key may be live")
}

func TestAnInterruptedListIsAFailure(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	run(ctx, worldOf(t, hanging(t, interrupt)), "list").want(t, 1, "context canceled")
}

func TestNoAnswerInTimeIsUnavailable(t *testing.T) {
	world := worldOf(t, hanging(t, func() {}))
	run(t.Context(), world, "list", "--timeout", "20ms").want(t, 5, "error: ")
}

// hanging tells that a request came, and does not answer before the client has gone.
func hanging(t *testing.T, came func()) http.Handler {
	t.Helper()
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		// A server sees that its client has gone only once the body is read.
		_, _ = io.Copy(io.Discard, r.Body)
		came()
		<-r.Context().Done()
	})
}
