package doctor

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
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

// examination is one run: what later checks need of earlier ones.
type examination struct {
	Config

	keyID, path, pem setting
	// overruled names the variables that do not count because of a flag.
	overruled []string
	// trimmed names what a setting was taken from without what was around its value.
	trimmed []string
	// usableID is the key ID of the credentials, which sign requests. It is anyKeyID if none was given.
	usableID    string
	credentials *wrapper.Credentials
	modeErr     error

	base    *url.URL
	baseErr error
	// proxy is nil if none is used.
	proxy   *url.URL
	contact contact

	list    *gen.GetAPIKeysResponse
	listErr error
}

// step is a check, and the steps without which it is not possible.
type step struct {
	id    string
	check func(context.Context) Check
	needs []string
	// without is why steps that need this one are not possible if it does not succeed.
	without string
}

func (e *examination) steps() []step {
	return []step{
		{id: "variables", check: e.checkVariables},
		{id: "key_id", check: e.checkKeyID, without: "there is no usable key ID"},
		{id: "private_key", check: e.checkPrivateKey, without: "there is no usable private key"},
		{id: "file_mode", check: e.checkFileMode},
		{id: "base_url", check: e.checkBaseURL, without: "there is no usable base URL"},
		{id: "proxy", check: e.checkProxy, needs: []string{"base_url"}, without: "it is not known where to connect to"},
		{id: "name_resolution", check: e.checkName, needs: []string{"proxy"}, without: "the host has no address"},
		{id: "tls", check: e.checkTLS, needs: []string{"name_resolution"}, without: "the service cannot be reached"},
		{id: "service", check: e.checkService, needs: []string{"tls"}},
		{id: "clock", check: e.checkClock, needs: []string{"tls"}},
		{id: "signed_request", check: e.checkSignedRequest, needs: []string{"key_id", "private_key", "tls"}, without: "the keys could not be listed"},
		{id: "other_environments", check: e.checkOtherEnvironments},
		{id: "scopes", check: e.checkScopes, needs: []string{"signed_request"}},
		{id: "bindings", check: e.checkBindings, needs: []string{"signed_request"}},
		{id: "attestation", check: e.checkAttestation, needs: []string{"signed_request"}},
	}
}

// Run makes the checks in order. After ctx is cancelled, the checks that are left are reported as
// not checked. A deadline of ctx bounds the run: that no answer came in time is a problem.
func Run(ctx context.Context, config Config) Report {
	e := &examination{Config: config.withDefaults(), usableID: anyKeyID}
	defer e.Transport.CloseIdleConnections()
	e.readSettings()
	report := Report{abbreviate: abbreviator(e.Getenv("HOME"))}
	missing := map[string]string{}
	for _, step := range e.steps() {
		made := step.make(ctx, missing)
		if !made.suffices {
			missing[step.id] = step.without
		}
		report.add(step.id, made)
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

// make makes the check, unless a step that it needs is missing.
func (s *step) make(ctx context.Context, missing map[string]string) (made Check) {
	if need := slices.IndexFunc(s.needs, func(id string) bool { return missing[id] != "" }); need >= 0 {
		made = unchecked(missing[s.needs[need]])
	} else if !isCancelled(ctx) {
		made = s.check(ctx)
	}
	// What a check finds while ctx is cancelled says nothing about what it looks at.
	if isCancelled(ctx) {
		return unchecked("interrupted")
	}
	return made
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
