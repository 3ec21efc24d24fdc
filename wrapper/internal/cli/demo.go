package cli

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
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
			return runDemo(command.Context(), s.stdout, sandbox.New())
		},
	}
}

// demo is what the steps of the demonstration hand on to each other.
type demo struct {
	out       *bufio.Writer // keeps the first error of writing
	box       *sandbox.Sandbox
	baseURL   string
	transport http.RoundTripper

	// admin is a client that signs with the first key.
	admin *wrapper.Client
	// first is the ID of the first key; rsa and ed25519 are keys that steps make.
	first        string
	rsa, ed25519 *wrapper.Credentials
}

// runDemo tells w what every step does. It returns an error as soon as a step does not do what
// it should.
func runDemo(ctx context.Context, w io.Writer, box *sandbox.Sandbox) (err error) {
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
	d := &demo{out: bufio.NewWriter(w), box: box, baseURL: origin(listener.Addr()) + sandbox.BasePath, transport: transport}
	return d.run(ctx)
}

func (d *demo) run(ctx context.Context) error {
	_, _ = d.out.WriteString("The life of API keys, against a sandbox inside this program.\n" +
		"Nothing leaves this machine, and no private key is shown.\n")
	for i, step := range d.steps() {
		_, _ = fmt.Fprintf(d.out, "\n%2d. %s%s\n", i+1, step.title, step.told)
		if err := errors.Join(step.do(ctx), d.out.Flush()); err != nil {
			return fmt.Errorf("step %d, %q, did not do what it should: %w", i+1, step.title, err)
		}
	}
	_, _ = d.out.WriteString("\nEverything did what it should.\n")
	return d.out.Flush()
}

// step is a part of the demonstration: what it tells, and what it does, which must work.
type step struct {
	title, told string
	do          func(context.Context) error
}

func (d *demo) steps() []step {
	return []step{
		{"Start a sandbox, with a first key", `
    A server that behaves like the service and checks every signature.
    Go     client, err := wrapper.NewClient(credentials, wrapper.WithBaseURL(baseURL))
    shell  kalshi-keys sandbox --env-file sandbox.env`, d.start},
		{"List the API keys", `
    Go     keys, err := client.GetAPIKeys(ctx)
    shell  kalshi-keys list`, func(ctx context.Context) error { return d.list(ctx, d.admin, d.first, true) }},
		{"Generate an RSA key", `
    The service makes the pair and shows the private key once. RSA is its default.
    Go     made, err := client.GenerateAPIKey(ctx, gen.GenerateAPIKeyRequest{Name: "demo rsa"})
    shell  kalshi-keys generate "demo rsa" --out rsa.pem`, d.generateRSA},
		{"Sign with the generated RSA key", `
    RSA-PSS with SHA-256 over timestamp, method and path, with nothing between them.
    Go     signed, err := protocol.Sign(credentials.Signer(), timestamp, method, path)
    shell  kalshi-keys sign GET /trade-api/v2/api_keys | curl -H @- "$KALSHI_BASE_URL/api_keys"`,
			func(ctx context.Context) error { return d.signByHand(ctx, d.rsa, rsaBytes) }},
		{"Generate an Ed25519 key", `
    Smaller, and some fifty times faster to sign with than RSA.
    Go     made, err := client.GenerateAPIKey(ctx, gen.GenerateAPIKeyRequest{
               Name: "demo ed25519", KeyType: new(gen.KeyTypeEd25519)})
    shell  kalshi-keys generate "demo ed25519" --type ed25519 --out ed25519.pem`, d.generateEd25519},
		{"Sign with the generated Ed25519 key", `
    The same text, signed with Ed25519. The client chooses by the type of the key.`,
			func(ctx context.Context) error { return d.signByHand(ctx, d.ed25519, ed25519.SignatureSize) }},
		{"Create a key from a public key of your own", `
    The private key never leaves your hands. For the Premier and Market Maker levels.
    Go     made, err := client.CreateAPIKey(ctx, gen.CreateAPIKeyRequest{
               Name: "demo own", PublicKey: publicPEM, Scopes: &gen.Scopes{gen.ScopeRead}})
    shell  kalshi-keys create "demo own" --public-key own.pub --scope read`, d.create},
		{"What a wrong signature looks like", `
    The ID of the RSA key with the private key of the Ed25519 key: two files were mixed up.`, d.wrongSignature},
		{"What a late clock looks like", `
    This client's clock is 41 s late, and the service refuses such timestamps.
    The client learns the time from the answer's Date header, signs again, and goes on.`, d.lateClock},
		{"Delete a key", `
    For good: nobody can bring a deleted key back.
    Go     err := client.DeleteAPIKey(ctx, keyID)
    shell  kalshi-keys delete KEY-ID --yes`, d.delete},
		{"What a deleted key looks like", `
    The deleted key signs. Its signature is right, and the service refuses it.`,
			func(ctx context.Context) error { return d.refused(ctx, d.rsa, wrapper.ErrUnknownKey, "ErrUnknownKey") }},
	}
}

// rsaBytes is the length of a signature by the RSA keys that the service makes (source: published).
const rsaBytes = 2048 / 8

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
	first, err := wrapper.NewCredentials(key.ID, []byte(key.PrivateKey.RevealPrivateKey()))
	if err != nil {
		return err
	}
	d.came("base URL    %s", d.baseURL)
	d.came("credentials %v", first)
	d.first = key.ID
	d.admin, err = d.client(first)
	return err
}

// list shows the keys that client lists. The key keyID must be among them or not.
func (d *demo) list(ctx context.Context, client *wrapper.Client, keyID string, isListed bool) error {
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
func (d *demo) generate(ctx context.Context, request gen.GenerateAPIKeyRequest) (*wrapper.Credentials, error) {
	made, err := d.admin.GenerateAPIKey(ctx, request)
	if err != nil {
		return nil, err
	}
	d.came("ID          %s", made.APIKeyID)
	d.came("private key %v", made.PrivateKey)
	return wrapper.NewCredentials(made.APIKeyID, []byte(made.PrivateKey.RevealPrivateKey()))
}

func (d *demo) generateRSA(ctx context.Context) (err error) {
	d.rsa, err = d.generate(ctx, gen.GenerateAPIKeyRequest{Name: "demo rsa"})
	if err != nil {
		return err
	}
	public, ok := d.rsa.Signer().Public().(*rsa.PublicKey)
	if !ok {
		return fmt.Errorf("the key is not RSA but %T", d.rsa.Signer().Public())
	}
	d.came("an RSA key of %d bits", public.N.BitLen())
	return nil
}

func (d *demo) generateEd25519(ctx context.Context) (err error) {
	d.ed25519, err = d.generate(ctx, gen.GenerateAPIKeyRequest{Name: "demo ed25519", KeyType: new(gen.KeyTypeEd25519)})
	if err != nil {
		return err
	}
	if _, ok := d.ed25519.Signer().Public().(ed25519.PublicKey); !ok {
		return fmt.Errorf("the key is not Ed25519 but %T", d.ed25519.Signer().Public())
	}
	d.came("an Ed25519 key")
	return nil
}

// signByHand does without the client what the client does: it shows that a signed request is
// plain HTTP with three headers.
func (d *demo) signByHand(ctx context.Context, credentials *wrapper.Credentials, signatureBytes int) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, d.baseURL+protocol.KeysPath, http.NoBody)
	if err != nil {
		return err
	}
	path := protocol.Path(request.URL)
	headers, err := sign(credentials, http.MethodGet, path)
	if err != nil {
		return err
	}
	signed, err := base64.StdEncoding.DecodeString(headers.Signature)
	if err != nil || len(signed) != signatureBytes {
		return errors.New("the signature does not have the length of the key's signatures")
	}
	d.came("text        %s", protocol.Text(headers.Timestamp, http.MethodGet, path))
	d.came("%s: %s", protocol.HeaderKey, headers.KeyID)
	d.came("%s: %s", protocol.HeaderTimestamp, headers.Timestamp)
	d.came("%s: (%d bytes in base64)", protocol.HeaderSignature, len(signed))
	request.Header.Set(protocol.HeaderKey, headers.KeyID)
	request.Header.Set(protocol.HeaderSignature, headers.Signature)
	request.Header.Set(protocol.HeaderTimestamp, headers.Timestamp)
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
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return err
	}
	made, err := d.admin.CreateAPIKey(ctx, gen.CreateAPIKeyRequest{
		Name: "demo own", Scopes: &gen.Scopes{gen.ScopeRead},
		PublicKey: string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
	})
	if err != nil {
		return err
	}
	d.came("ID          %s", made.APIKeyID)
	own, err := wrapper.NewSignerCredentials(made.APIKeyID, private)
	if err != nil {
		return err
	}
	client, err := d.client(own)
	if err != nil {
		return err
	}
	return d.list(ctx, client, made.APIKeyID, true)
}

func (d *demo) wrongSignature(ctx context.Context) error {
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
	return d.list(ctx, d.admin, d.rsa.KeyID(), false)
}
