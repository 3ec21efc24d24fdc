package cli

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	_ "embed" // for what the demonstration tells
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/protocol"
)

func newDemoCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Show everything, against a sandbox inside this program",
		Long: `Starts a sandbox on a free loopback port and goes through the life of API keys with
it, over real HTTP. Every step checks what it shows. Nothing leaves this machine,
nothing is written to disk, and no private key is shown.`,
		Args: takes(),
		RunE: func(command *cobra.Command, _ []string) error {
			return runDemo(command.Context(), s.stdout)
		},
	}
}

// demo is what the steps of the demonstration hand on to each other.
type demo struct {
	out       *bufio.Writer // keeps the first error of writing
	box       *sandbox.Sandbox
	book      *orderBook
	baseURL   string
	transport http.RoundTripper

	// first is the key that there is at first; rsa and ed25519 are keys that steps make.
	first, rsa, ed25519 *wrapper.Credentials
	// admin is a client that signs with the first key.
	admin *wrapper.Client
}

// runDemo tells w what every step does, against a sandbox with these options. It returns an error as soon
// as a step does not do what it should.
func runDemo(ctx context.Context, w io.Writer, options ...sandbox.Option) (err error) {
	book := &orderBook{}
	box := sandbox.New(append([]sandbox.Option{sandbox.WithFallback(book)}, options...)...)
	listener, err := listen(ctx, "127.0.0.1:0", false)
	if err != nil {
		return err
	}
	serving, stop := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- serve(serving, listener, box) }()
	defer func() {
		stop()
		err = errors.Join(err, <-served)
	}()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	d := &demo{out: bufio.NewWriter(w), box: box, book: book, baseURL: origin(listener.Addr()) + sandbox.BasePath, transport: transport}
	return d.run(ctx)
}

// told is what the demonstration tells of its steps: for each a paragraph that begins with its title.
//
//go:embed demo.txt
var told string

func (d *demo) run(ctx context.Context) error {
	_, _ = d.out.WriteString("The life of API keys, against a sandbox inside this program.\n" +
		"Nothing leaves this machine, and no private key is shown.\n")
	paragraphs := strings.Split(strings.TrimSpace(told), "\n\n")
	for i, do := range []func(context.Context) error{
		d.start,
		func(ctx context.Context) error { return d.list(ctx, d.first, d.first.KeyID(), true) },
		func(ctx context.Context) error {
			return d.generate(ctx, &d.rsa, gen.KeyTypeRSA, gen.GenerateAPIKeyRequest{Name: "demo rsa"})
		},
		func(ctx context.Context) error { return d.sign(ctx, d.rsa, 2048/8) },
		func(ctx context.Context) error {
			request := gen.GenerateAPIKeyRequest{Name: "demo ed25519", KeyType: new(gen.KeyTypeEd25519)}
			return d.generate(ctx, &d.ed25519, gen.KeyTypeEd25519, request)
		},
		func(ctx context.Context) error { return d.sign(ctx, d.ed25519, ed25519.SignatureSize) },
		d.create, d.mixUp, d.lateClock, d.delete,
		func(ctx context.Context) error { return d.refused(ctx, d.rsa, wrapper.ErrUnknownKey, "ErrUnknownKey") },
		d.order,
	} {
		_, _ = fmt.Fprintf(d.out, "\n%2d. %s\n", i+1, paragraphs[i])
		if err := errors.Join(do(ctx), d.out.Flush()); err != nil {
			title, _, _ := strings.Cut(paragraphs[i], "\n")
			return fmt.Errorf("step %d, %q, did not do what it should: %w", i+1, title, err)
		}
	}
	_, _ = d.out.WriteString("\nEverything did what it should.\n")
	return d.out.Flush()
}

// came tells what a step led to.
func (d *demo) came(format string, args ...any) {
	_, _ = fmt.Fprintf(d.out, "    ->     %s\n", printable(fmt.Sprintf(format, args...)))
}

// client returns a client of the sandbox.
func (d *demo) client(credentials *wrapper.Credentials, options ...wrapper.Option) (*wrapper.Client, error) {
	return wrapper.NewClient(credentials, append(options, wrapper.WithBaseURL(d.baseURL), wrapper.WithHTTPTransport(d.transport))...)
}

func (d *demo) start(context.Context) error {
	key, err := d.box.Bootstrap()
	if err != nil {
		return err
	}
	if d.first, err = wrapper.NewCredentials(key.ID, []byte(key.PrivateKey.RevealPrivateKey())); err != nil {
		return err
	}
	d.came("base URL    %s", d.baseURL)
	d.came("credentials %v", d.first)
	d.admin, err = d.client(d.first)
	return err
}

// list shows the keys that signer lists. The key keyID must be among them or not.
func (d *demo) list(ctx context.Context, signer *wrapper.Credentials, keyID string, isListed bool) error {
	client, err := d.client(signer)
	if err != nil {
		return err
	}
	keys, err := client.GetAPIKeys(ctx)
	if err != nil {
		return err
	}
	if isListed != slices.ContainsFunc(keys.APIKeys, func(key gen.APIKey) bool { return key.APIKeyID == keyID }) {
		return fmt.Errorf("the list must hold key %s: %t", keyID, isListed)
	}
	d.came("listed: %d", len(keys.APIKeys))
	for line := range strings.Lines(keyTable(keys)) {
		_, _ = d.out.WriteString("           " + line)
	}
	return nil
}

// generate makes a key and shows the answer as fmt shows it, which redacts the private key.
func (d *demo) generate(ctx context.Context, made **wrapper.Credentials, want gen.KeyType, request gen.GenerateAPIKeyRequest) error {
	answer, err := d.admin.GenerateAPIKey(ctx, request)
	if err != nil {
		return err
	}
	private := []byte(answer.PrivateKey.RevealPrivateKey())
	found, err := wrapper.InspectPrivateKey(private)
	if err != nil || found.Type != want {
		return errors.Join(fmt.Errorf("the key must be of type %s, not %s", want, found.Type), err)
	}
	d.came("ID          %s", answer.APIKeyID)
	d.came("private key %v", answer.PrivateKey)
	d.came("type        %s, %d bits", found.Type, found.Bits)
	*made, err = wrapper.NewCredentials(answer.APIKeyID, private)
	return err
}

// sign does without the client what the client does: it shows that a signed request is plain HTTP
// with three headers.
func (d *demo) sign(ctx context.Context, credentials *wrapper.Credentials, signatureBytes int) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, d.baseURL+protocol.KeysPath, http.NoBody)
	if err == nil {
		err = wrapper.SignRequest(credentials)(ctx, request)
	}
	if err != nil {
		return err
	}
	header := request.Header.Get
	signed, err := base64.StdEncoding.DecodeString(header(protocol.HeaderSignature))
	if err != nil || len(signed) != signatureBytes {
		return errors.New("the signature does not have the length of the key's signatures")
	}
	d.came("text        %s", protocol.Text(header(protocol.HeaderTimestamp), request.Method, protocol.Path(request.URL)))
	d.came("%s: %s", protocol.HeaderKey, header(protocol.HeaderKey))
	d.came("%s: %s", protocol.HeaderTimestamp, header(protocol.HeaderTimestamp))
	d.came("%s: (%d bytes in base64)", protocol.HeaderSignature, len(signed))
	response, err := (&http.Client{Transport: d.transport, Timeout: callTimeout}).Do(request)
	if err != nil {
		return err
	}
	if err := response.Body.Close(); err != nil || response.StatusCode != http.StatusOK {
		return errors.Join(fmt.Errorf("the signed request was answered %s", response.Status), err)
	}
	d.came("GET with these headers: %s", response.Status)
	return nil
}

func (d *demo) create(ctx context.Context) error {
	public, private, _ := ed25519.GenerateKey(rand.Reader) // the system's randomness does not fail
	text, err := keystore.PublicKeyPEM(public)
	if err != nil {
		return err
	}
	made, err := d.admin.CreateAPIKey(ctx, gen.CreateAPIKeyRequest{
		Name: "demo own", PublicKey: text, Scopes: &gen.Scopes{gen.ScopeRead},
	})
	if err != nil {
		return err
	}
	d.came("ID          %s", made.APIKeyID)
	own, err := wrapper.NewSignerCredentials(made.APIKeyID, private)
	if err != nil {
		return err
	}
	return d.list(ctx, own, made.APIKeyID, true)
}

func (d *demo) mixUp(ctx context.Context) error {
	mixed, err := wrapper.NewSignerCredentials(d.rsa.KeyID(), d.ed25519.Signer())
	if err != nil {
		return err
	}
	return d.refused(ctx, mixed, wrapper.ErrBadSignature, "ErrBadSignature")
}

// refused lists the keys, signed with credentials, and shows the error that must come.
func (d *demo) refused(ctx context.Context, credentials *wrapper.Credentials, sentinel error, name string) error {
	client, err := d.client(credentials)
	if err != nil {
		return err
	}
	_, err = client.GetAPIKeys(ctx)
	refusal, ok := errors.AsType[*wrapper.Error](err)
	if !ok || !errors.Is(err, sentinel) || !errors.Is(err, wrapper.ErrUnauthenticated) || refusal.Attempts != 1 {
		return fmt.Errorf("the call must fail with %s at the first attempt, not with: %w", name, err)
	}
	text, hint := describe(err)
	d.came("error: %s", text)
	d.came("hint: %s", hint)
	d.came("errors.Is(err, wrapper.%s) and errors.Is(err, wrapper.ErrUnauthenticated): true", name)
	d.came("tried once: trying again would not help")
	return nil
}

// lateBy is how late the clock of the demonstration is: a drift that users have met.
const lateBy = 41 * time.Second

// lateClock is a clock that is late by lateBy.
type lateClock struct{ wrapper.Clock }

func (c lateClock) Now() time.Time { return c.Clock.Now().Add(-lateBy) }

func (d *demo) lateClock(ctx context.Context) error {
	client, err := d.client(d.ed25519, wrapper.WithClock(lateClock{wrapper.SystemClock()}))
	if err != nil {
		return err
	}
	began := time.Now()
	if _, err := client.GetAPIKeys(ctx); err != nil {
		return err
	}
	took := time.Since(began)
	all := d.box.Exchanges()
	last := all[max(0, len(all)-2):]
	if len(last) != 2 || last[0].Refusal != sandbox.RefusedTimestamp || last[1].Status != http.StatusOK {
		return errors.New("the first attempt was not refused for its timestamp")
	}
	offset := client.ClockOffset()
	// Date is cut to seconds, and nothing tells when in the course of the call it was written.
	if (offset - lateBy).Abs() > time.Second+took {
		return fmt.Errorf("the clock was corrected by %s", offset)
	}
	d.came("attempt 1: %d, %s", last[0].Status, last[0].Refusal)
	d.came("attempt 2: %d, signed with the corrected clock", last[1].Status)
	d.came("client.ClockOffset(): about %s", offset.Round(time.Second))
	return nil
}

func (d *demo) delete(ctx context.Context) error {
	if err := d.admin.DeleteAPIKey(ctx, d.rsa.KeyID()); err != nil {
		return err
	}
	d.came("deleted")
	return d.list(ctx, d.first, d.rsa.KeyID(), false)
}
