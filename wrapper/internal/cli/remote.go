package cli

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/protocol"
	"kalshi.internal/apikeys/wrapper/secret"
)

const (
	// envSealTo and envIdentity name the environment variables for the files that a store on a server is
	// sealed by (our own choices).
	envSealTo   = "KALSHI_SEAL_TO"
	envIdentity = "KALSHI_IDENTITY"
)

// Remote is what a program adds to the commands that keeps stores on servers. The zero Remote adds nothing.
type Remote struct {
	// Open has, by the scheme of a store's URL, what opens its engine.
	Open map[string]func(address string) (RemoteEngine, error)
	// Sealer returns what seals to the recipients in the one file, which may be empty, and opens with the
	// identity in the other.
	Sealer func(recipients, identity string) (keystore.Sealer, error)
}

// RemoteEngine is an engine on a server.
type RemoteEngine interface {
	keystore.Publisher
	// Init makes what the server needs before it can keep a store. It may be called again.
	Init(ctx context.Context) error
	// Announce notes which revision a program follows.
	Announce(ctx context.Context, follower keystore.Follower) error
	// Followers returns what was announced.
	Followers(ctx context.Context) ([]keystore.Follower, error)
	Close()
}

// storeFlag is a flag that holds the path of a directory, or the URL of a store on a server.
type storeFlag struct{ pathFlag }

func (f *storeFlag) Set(text string) error {
	if !isRemote(text) {
		return f.pathFlag.Set(text)
	}
	if err := checkInArguments(text); err != nil {
		return err
	}
	return f.textFlag.Set(text)
}

// checkInArguments refuses a password that every user of this machine can see in the list of processes.
func checkInArguments(address string) error {
	if shownStore(address) != address {
		return errors.New("it holds a password, which shows in process lists; set PGPASSWORD, PGPASSFILE or " +
			"ETCDCTL_PASSWORD, or put the whole URL into " + envStore)
	}
	return nil
}

// isRemote reports whether a store's address is a URL of one of the servers that there are stores on.
func isRemote(address string) bool {
	scheme, _, found := strings.Cut(address, "://")
	return found && slices.Contains([]string{"postgres", "postgresql", "etcd"}, scheme)
}

// shownStore returns the address of a store without the password that a URL may hold.
func shownStore(address string) string {
	if !isRemote(address) {
		return address
	}
	scheme, rest, _ := strings.Cut(address, "://")
	rest, query, hasQuery := strings.Cut(rest, "?")
	if at := strings.LastIndex(rest, "@"); at >= 0 {
		user, _, _ := strings.Cut(rest[:at], ":")
		rest = user + rest[at:]
	}
	shown := scheme + "://" + rest
	if !hasQuery {
		return shown
	}
	parameters := slices.DeleteFunc(strings.Split(query, "&"), func(parameter string) bool {
		name, _, _ := strings.Cut(parameter, "=")
		name, err := url.QueryUnescape(name)
		return err != nil || strings.Contains(strings.ToLower(name), "password")
	})
	return shown + "?" + strings.Join(parameters, "&")
}

// addressFrom returns the store's address that a variable holds, "" if it is unset.
func (a app) addressFrom(variable string) (string, error) {
	if address, err := protocol.CleanSetting(a.getenv(variable), a.getenv); err == nil && isRemote(address) {
		return address, nil
	}
	return a.pathFrom(variable)
}

// registerSealing registers the flags for stores on servers, in a program that has some.
func (s *settings) registerSealing(flags *pflag.FlagSet) {
	if s.remote.Sealer == nil {
		return
	}
	flags.Var(&s.sealTo, "seal-to", "`FILE` with the recipients of a store on a server (or "+envSealTo+")")
	flags.Var(&s.identity, "identity", "`FILE` with the age identity that opens it (or "+envIdentity+")")
}

// openedStore is a store, and what it needs to be closed and to be asked for the current key alone.
type openedStore struct {
	*keystore.Store

	// current is the store or, on a server, what it publishes.
	current keystore.CurrentReader
	// engine is nil for a directory.
	engine RemoteEngine
	// place is where the store is, for people: the path as it was given, or the URL without a password.
	place string
}

func (o *openedStore) close() {
	if o != nil && o.engine != nil {
		o.engine.Close()
	}
}

// openRemote opens a store on a server, which may be empty.
func (s *settings) openRemote(address string) (*openedStore, error) {
	if _, err := s.opener(address); err != nil {
		return nil, err
	}
	sealer, err := s.sealer()
	if err != nil {
		return nil, err
	}
	engine, err := s.openEngine(address)
	if err != nil {
		return nil, err
	}
	return &openedStore{
		keystore.New(engine, keystore.WithSealer(sealer)), keystore.NewPublished(engine, sealer), engine, shownStore(address),
	}, nil
}

func (s *settings) opener(address string) (func(string) (RemoteEngine, error), error) {
	scheme, _, _ := strings.Cut(address, "://")
	open := s.remote.Open[scheme]
	if open == nil {
		return nil, usage("this program keeps stores in directories alone, not at "+shownStore(address),
			"Build the one that has servers too: go -C wrapper/fleet install ./cmd/kalshi-keys")
	}
	return open, nil
}

func (s *settings) openEngine(address string) (RemoteEngine, error) {
	open, err := s.opener(address)
	if err != nil {
		return nil, err
	}
	engine, err := open(address)
	if err == nil {
		return engine, nil
	}
	if _, ok := errors.AsType[*keystore.InsecureError](err); ok {
		return nil, err
	}
	return nil, usage(withoutKeys(err.Error()), "Check --store or "+envStore)
}

// sealer returns what opens a store on a server, and seals it too if the recipients are given.
func (s *settings) sealer() (keystore.Sealer, error) {
	var problems [2]error
	identity, sealTo := s.identity.String(), s.sealTo.String()
	if identity == "" {
		identity, problems[0] = s.pathFrom(envIdentity)
	}
	if sealTo == "" {
		sealTo, problems[1] = s.pathFrom(envSealTo)
	}
	if err := errors.Join(problems[:]...); err != nil {
		return nil, err
	}
	if identity == "" {
		return nil, usage("a store on a server is sealed, and no identity is given", "Give --identity or set "+envIdentity+"; age-keygen makes one")
	}
	sealer, err := s.remote.Sealer(s.path(sealTo), s.path(identity))
	if err != nil {
		if _, ok := errors.AsType[*keystore.InsecureError](err); ok {
			return nil, err
		}
		return nil, usage(secret.HidePEM(err.Error()), "Check --seal-to and --identity")
	}
	return sealer, nil
}
