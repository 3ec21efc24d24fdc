package cli

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/spf13/cobra"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
)

func (a app) newDemoCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Show everything, against a sandbox inside this program",
		Long: `Starts a sandbox on a free loopback port and goes through the life of API keys with
it, over real HTTP. Every step checks what it shows. Nothing leaves this machine,
nothing is written to disk, and no private key is shown.`,
		Args: takes(),
		RunE: func(command *cobra.Command, _ []string) error {
			return runDemo(command.Context(), a.stdout, sandbox.New())
		},
	}
}

// demo is what the steps of the demonstration hand on to each other.
type demo struct {
	say     *transcript
	box     *sandbox.Sandbox
	baseURL string
	http    *http.Client

	// admin is a client that signs with the first key.
	admin *wrapper.Client
	// first, rsa and ed25519 are the keys that the steps make, own the one made from a public
	// key.
	first, rsa, ed25519, own *wrapper.Credentials
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
	show := &demo{
		say: &transcript{w: w}, box: box, baseURL: origin(listener.Addr()) + sandbox.BasePath,
		http: &http.Client{Transport: transport, Timeout: wrapper.DefaultRetry().AttemptTimeout},
	}
	return show.run(ctx)
}

func (d *demo) run(ctx context.Context) error {
	d.say.write("The life of API keys, against a sandbox inside this program.\n" +
		"Nothing leaves this machine, and no private key is shown.\n")
	for _, step := range []struct {
		title string
		do    func(context.Context) error
	}{
		{"Start a sandbox, with a first key", d.start},
		{"List the API keys", d.list},
		{"Generate an RSA key", d.generateRSA},
		{"Sign with the generated RSA key", d.signWithRSA},
		{"Generate an Ed25519 key", d.generateEd25519},
		{"Sign with the generated Ed25519 key", d.signWithEd25519},
		{"Create a key from a public key of your own", d.create},
		{"What a wrong signature looks like", d.wrongSignature},
		{"What a clock that is late looks like", d.lateClock},
		{"Delete a key", d.delete},
		{"What a deleted key looks like", d.deletedKey},
	} {
		d.say.begin(step.title)
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("step %d, %q, did not do what it should: %w", d.say.step, step.title, err)
		}
	}
	d.say.write("\nEverything did what it should.\n")
	return d.say.error
}

// client returns a client of the sandbox.
func (d *demo) client(credentials *wrapper.Credentials, options ...wrapper.Option) (*wrapper.Client, error) {
	return wrapper.NewClient(credentials, append([]wrapper.Option{
		wrapper.WithBaseURL(d.baseURL),
		wrapper.WithHTTPTransport(d.http.Transport),
	}, options...)...)
}

func (d *demo) start(context.Context) error {
	d.say.explain("A server that behaves like the service and checks every signature.")
	d.say.shell("kalshi-keys sandbox --listen 127.0.0.1:0 --env-file sandbox.env")
	key, err := d.box.Bootstrap()
	if err != nil {
		return err
	}
	d.first, err = wrapper.NewCredentials(key.ID, []byte(key.PrivateKey.RevealPrivateKey()))
	if err != nil {
		return err
	}
	if _, ok := d.first.Signer().Public().(*rsa.PublicKey); !ok {
		return errors.New("the first key is no RSA key")
	}
	d.say.code("client, err := wrapper.NewClient(credentials, wrapper.WithBaseURL(baseURL))")
	d.admin, err = d.client(d.first)
	d.say.came("base URL    %s", d.baseURL)
	d.say.came("credentials %v", d.first)
	return err
}

func (d *demo) list(ctx context.Context) error {
	d.say.code("keys, err := client.GetAPIKeys(ctx)")
	d.say.shell("kalshi-keys list")
	keys, err := d.admin.GetAPIKeys(ctx)
	if err != nil {
		return err
	}
	if !holds(keys, d.first.KeyID()) {
		return errors.New("the first key is not listed")
	}
	d.say.came("%d key", len(keys.APIKeys))
	d.say.table(keyTable(keys))
	return nil
}

func holds(keys *gen.GetAPIKeysResponse, keyID string) bool {
	for _, key := range keys.APIKeys {
		if key.APIKeyID == keyID {
			return true
		}
	}
	return false
}
