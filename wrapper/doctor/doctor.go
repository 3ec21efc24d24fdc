package doctor

import (
	"cmp"
	"context"
	"crypto"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper/internal/privatefile"
	"kalshi.internal/apikeys/wrapper/keystore"
)

// Config says what to examine. Getenv and BaseURL are required.
type Config struct {
	// Getenv looks up environment variables.
	Getenv func(name string) string
	// KeyID and PrivateKeyFile are given by flags, so they win over the environment.
	KeyID, PrivateKeyFile string
	// BaseURL is the base URL as it was given. It need not be valid.
	BaseURL string

	// CurrentKey, if set, returns the key to examine from the store Store, in place of the one that
	// flags and environment give. It gets the base URL as [protocol.ParseBaseURL] returns it. Its
	// error may be [*AdvisedError].
	CurrentKey func(ctx context.Context, base *url.URL) (keystore.Entry, error)
	// Store is what the report calls the store: its path.
	Store string

	// TryOtherEnvironments lets the service's other environments be asked for an unknown key ID. They
	// get the key ID with a signature that can list the keys, for some ten seconds and only where
	// the key is live.
	TryOtherEnvironments bool
	// Mend, if set, is the path of a new file that the private key is written to as clean PEM.
	Mend string
	// Create makes that file; nil stands for a file with mode 0600 in a directory that exists.
	Create func(path string) (File, error)

	// Logger logs the signed requests, as [wrapper.WithLogger] does. Nil logs nothing.
	Logger *slog.Logger
	// Transport is cloned and carries all requests; nil stands for one with the proxy settings of the
	// environment.
	Transport *http.Transport
	// LookupHost resolves a host name; nil stands for the system's resolver.
	LookupHost func(ctx context.Context, host string) ([]string, error)
	// Now returns the time; nil stands for the system's clock.
	Now func() time.Time
}

// examination is one run: what later checks need of earlier ones. A field is empty if the check
// that fills it found a problem.
type examination struct {
	Config

	keyID, path, pem setting
	// overruled names the variables that do not count because of a flag.
	overruled []string
	// usableID and signer are what requests are signed with.
	usableID string
	signer   crypto.Signer
	modeErr  error

	base    *url.URL
	baseErr error
	// proxy is nil if none is used, and routed is set once that is known.
	proxy  *url.URL
	routed bool
	// resolved: the host name resolves, or need not be resolved here.
	resolved bool
	contact  *contact

	list    *gen.GetAPIKeysResponse
	listErr error
}

// Run makes the checks in order. After ctx is cancelled, the checks that are left are reported as
// not checked. A deadline of ctx bounds the run: that no answer came in time is a problem.
func Run(ctx context.Context, config Config) Report {
	e := &examination{Config: config.withDefaults()}
	defer e.Transport.CloseIdleConnections()
	e.readSettings()
	report := Report{abbreviate: abbreviator(e.Getenv("HOME"))}
	for _, check := range []struct {
		id   string
		make func(context.Context) Check
	}{
		{"variables", e.checkVariables},
		{"key_id", e.checkKeyID},
		{"private_key", e.checkPrivateKey},
		{"file_mode", e.checkFileMode},
		{"base_url", e.checkBaseURL},
		{"proxy", e.checkProxy},
		{"name_resolution", e.checkName},
		{"tls", e.checkTLS},
		{"service", e.checkService},
		{"clock", e.checkClock},
		{"signed_request", e.checkSignedRequest},
		{"other_environments", e.checkOtherEnvironments},
		{"scopes", e.checkScopes},
		{"bindings", e.checkBindings},
		{"attestation", e.checkAttestation},
	} {
		made := unchecked("interrupted")
		if !isCancelled(ctx) {
			made = check.make(ctx)
		}
		// What a check finds while ctx is cancelled says nothing about what it looks at.
		if isCancelled(ctx) {
			made = unchecked("interrupted")
		}
		report.add(check.id, made)
	}
	switch {
	case e.Mend == "":
	case isCancelled(ctx):
		report.add("mend", unchecked("interrupted"))
	default:
		report.add("mend", e.mend())
	}
	return report
}

// isCancelled tells a cancelled context from one whose deadline has passed.
func isCancelled(ctx context.Context) bool { return errors.Is(ctx.Err(), context.Canceled) }

func (c Config) withDefaults() Config {
	if c.Create == nil {
		c.Create = func(path string) (File, error) { return privatefile.Create(path) }
	}
	// Like the client's, this transport finds proxies in the environment.
	c.Transport = cmp.Or(c.Transport, &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true}).Clone()
	if c.LookupHost == nil {
		c.LookupHost = net.DefaultResolver.LookupHost
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}
