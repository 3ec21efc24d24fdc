// Package etcd keeps a store in etcd, for programs on several machines.
//
//	engine, err := etcd.Open("etcd://10.0.0.1,10.0.0.2,10.0.0.3/desk?ca=ca.pem&cert=bot.pem&key=bot-key.pem")
//	store := keystore.New(engine, keystore.WithSealer(sealer))
//
// The store desk has its document at /kalshi-keys/desk/document and the current key of each base URL below
// /kalshi-keys/desk/current/. A program that only signs reads them by keystore.NewPublished(engine, sealer),
// and its role needs no more than to read below that prefix. User name and password come from ETCDCTL_USER
// and ETCDCTL_PASSWORD, as with etcdctl.
//
// All reads are linearizable. A write is confirmed once a majority has it.
package etcd

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"kalshi.internal/apikeys/wrapper/fleet/internal/timeout"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/protocol"
)

const (
	// connectTimeout bounds one try to connect: our own choice.
	connectTimeout = 4 * time.Second
	// dialTimeout bounds what the client does by itself, such as to ask for a token: our own choice.
	dialTimeout = 5 * time.Second
	// pollEvery is how often a waiter looks, and pollWatched how often where a watch tells it: our own
	// choices.
	pollEvery   = 250 * time.Millisecond
	pollWatched = time.Second
	// keepAlive and keepAliveTimeout are how a dead connection is noticed. Servers refuse less than 5 s.
	keepAlive        = 8 * time.Second
	keepAliveTimeout = 3 * time.Second

	prefix      = "/kalshi-keys/"
	defaultPort = "2379"
)

var _ keystore.Publisher = (*Engine)(nil)

// Engine is a [keystore.Publisher] in etcd. It is safe for concurrent use. Its errors are
// [keystore.ErrUnavailable] while no member answers or the members have no leader.
type Engine struct {
	client      *clientv3.Client
	name, place string
	poll        time.Duration
	watches     bool
	timeout     timeout.Adaptive
}

// Option sets up an [Engine].
type Option func(*Engine)

// WithoutWatches has a waiter look four times a second, and watch nothing.
func WithoutWatches() Option {
	return func(e *Engine) { e.poll, e.watches = pollEvery, false }
}

// Open returns the Engine for the store that the path of the URL names, on the members that it lists. It does
// not connect yet. It returns a [*keystore.InsecureError] for members that are not on this machine unless the
// connection is encrypted: by ca, the file of the authority that signed their certificates, or by tls=system
// for the authorities of the system. Close the Engine at the end.
func Open(address string, options ...Option) (*Engine, error) {
	members, name, query, err := parse(address)
	if err != nil {
		return nil, err
	}
	place := "etcd://" + strings.Join(members, ",") + "/" + name
	encryption, err := encryptionOf(query)
	if err != nil {
		return nil, fmt.Errorf("etcd: %s: %w", place, err)
	}
	scheme := "https://"
	if encryption == nil {
		scheme = "http://"
	}
	config := clientv3.Config{
		DialTimeout: dialTimeout, DialKeepAliveTime: keepAlive, DialKeepAliveTimeout: keepAliveTimeout,
		TLS: encryption, Logger: zap.NewNop(),
		// gRPC would try for 20 s to connect, and wait for up to two minutes before it tries again.
		DialOptions: []grpc.DialOption{grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second},
			MinConnectTimeout: connectTimeout,
		})},
	}
	for _, member := range members {
		host, port := splitMember(member)
		if encryption == nil && !protocol.IsLoopback(host) {
			return nil, &keystore.InsecureError{
				Path: place, Problem: "the connection to " + host + " would not be encrypted",
				Hint: "Add ?ca=FILE with the authority of the members' certificates, or ?tls=system",
			}
		}
		config.Endpoints = append(config.Endpoints, scheme+net.JoinHostPort(host, port))
	}
	user, password, _ := strings.Cut(os.Getenv("ETCDCTL_USER"), ":")
	config.Username, config.Password = user, cmp.Or(os.Getenv("ETCDCTL_PASSWORD"), password)
	client, err := clientv3.New(config)
	if err != nil {
		return nil, fmt.Errorf("etcd: %s: %w", place, err)
	}
	e := &Engine{client: client, name: name, place: place, poll: pollWatched, watches: true}
	for _, option := range options {
		option(e)
	}
	return e, nil
}

// parse splits etcd://MEMBER,MEMBER/STORE?query, whose list of members no parser of URLs takes.
func parse(address string) (members []string, name string, query url.Values, err error) {
	const form = "the URL of a store has the form etcd://MEMBER,MEMBER/STORE"
	rest, isEtcd := strings.CutPrefix(address, "etcd://")
	rest, rawQuery, _ := strings.Cut(rest, "?")
	hosts, name, _ := strings.Cut(rest, "/")
	query, err = url.ParseQuery(rawQuery)
	switch {
	case !isEtcd || err != nil:
		return nil, "", nil, errors.New("etcd: " + form)
	case strings.Contains(hosts, "@"):
		return nil, "", nil, errors.New("etcd: the URL must hold no user or password; set ETCDCTL_USER and ETCDCTL_PASSWORD")
	case name == "" || strings.Contains(name, "/"):
		return nil, "", nil, errors.New("etcd: the URL names no store, or one with a slash; " + form)
	}
	for option := range query {
		if option != "ca" && option != "cert" && option != "key" && option != "tls" {
			return nil, "", nil, fmt.Errorf("etcd: the URL has the unknown option %.20q; there are ca, cert, key and tls", option)
		}
	}
	members = strings.Split(hosts, ",")
	if slices.Contains(members, "") {
		return nil, "", nil, errors.New("etcd: the URL has an empty member; " + form)
	}
	return members, name, query, nil
}

// splitMember returns host and port of a member, such as etcd.example.com or [::1]:2379.
func splitMember(member string) (host, port string) {
	rest, isIPv6 := strings.CutPrefix(member, "[")
	if isIPv6 {
		host, rest, _ = strings.Cut(rest, "]")
		return host, cmp.Or(strings.TrimPrefix(rest, ":"), defaultPort)
	}
	host, port, _ = strings.Cut(member, ":")
	return host, cmp.Or(port, defaultPort)
}

// encryptionOf returns nil if the URL does not ask for encryption.
func encryptionOf(query url.Values) (*tls.Config, error) {
	ca, cert, key, system := query.Get("ca"), query.Get("cert"), query.Get("key"), query.Get("tls")
	switch {
	case system != "" && system != "system":
		return nil, errors.New("tls must be system")
	case ca == "" && system == "" && cert == "" && key == "":
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != "" {
		text, err := os.ReadFile(ca)
		if err != nil {
			return nil, fmt.Errorf("the authority cannot be read: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%s holds no certificate", ca)
		}
	}
	if cert != "" || key != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, fmt.Errorf("the client's certificate cannot be used; give both cert and key: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// Close closes all connections.
func (e *Engine) Close() { _ = e.client.Close() }

// String returns the URL of the store, without its options.
func (e *Engine) String() string { return e.place }

// StoreName implements [keystore.Publisher].
func (e *Engine) StoreName() string { return e.name }

// Init does nothing: etcd needs no preparation.
func (*Engine) Init(ctx context.Context) error { return ctx.Err() }

func (e *Engine) key() string { return prefix + e.name + "/document" }

func (e *Engine) objectKey(baseURL string) string {
	return prefix + e.name + "/current/" + url.PathEscape(baseURL)
}

// Load implements [keystore.Document].
func (e *Engine) Load(ctx context.Context) (data []byte, version string, err error) {
	return e.load(ctx, e.key())
}

func (e *Engine) load(ctx context.Context, key string, options ...clientv3.OpOption) (data []byte, version string, err error) {
	err = e.do(ctx, func(ctx context.Context) error {
		got, err := e.client.Get(ctx, key, options...)
		if err == nil && len(got.Kvs) > 0 {
			data, version = got.Kvs[0].Value, strconv.FormatInt(got.Kvs[0].ModRevision, 10)
		}
		return err
	})
	return data, version, err
}

// Changed implements [keystore.Document].
func (e *Engine) Changed(ctx context.Context, version string) error {
	return e.changed(ctx, e.key(), version)
}

func (e *Engine) changed(ctx context.Context, key, version string) error {
	watching, end := context.WithCancel(clientv3.WithRequireLeader(ctx))
	defer end()
	var events clientv3.WatchChan // nil, which never has one
	for {
		_, now, err := e.load(ctx, key, clientv3.WithKeysOnly())
		if err != nil || now != version {
			return err
		}
		if e.watches && events == nil {
			revision, _ := strconv.ParseInt(version, 10, 64) // 0 for none
			events = e.client.Watch(watching, key, clientv3.WithRev(revision+1))
		}
		timer := time.NewTimer(e.poll)
		select {
		case event, ok := <-events:
			if !ok || event.Err() != nil {
				events = nil // until the next look
				_ = protocol.Wait(ctx, e.poll)
			}
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// Swap implements [keystore.Document].
func (e *Engine) Swap(ctx context.Context, data []byte, ifVersion string) (version string, err error) {
	return e.SwapAndPublish(ctx, data, nil, ifVersion)
}

// SwapAndPublish implements [keystore.Publisher].
func (e *Engine) SwapAndPublish(ctx context.Context, data []byte, published map[string][]byte, ifVersion string) (version string, err error) {
	revision, _ := strconv.ParseInt(ifVersion, 10, 64)
	if ifVersion != "" && (revision <= 0 || strconv.FormatInt(revision, 10) != ifVersion) {
		return "", cmp.Or(ctx.Err(), keystore.ErrStale)
	}
	writes := []clientv3.Op{clientv3.OpPut(e.key(), string(data))}
	for baseURL, object := range published {
		writes = append(writes, clientv3.OpPut(e.objectKey(baseURL), string(object)))
	}
	err = e.do(ctx, func(ctx context.Context) error {
		done, err := e.client.Txn(ctx).If(clientv3.Compare(clientv3.ModRevision(e.key()), "=", revision)).Then(writes...).Commit()
		switch {
		case err != nil:
			return err
		case !done.Succeeded:
			return keystore.ErrStale
		}
		version = strconv.FormatInt(done.Header.Revision, 10)
		return nil
	})
	return version, err
}

// Published implements [keystore.Publisher].
func (e *Engine) Published(baseURL string) keystore.Reader { return object{e, e.objectKey(baseURL)} }

// object is what is published for one base URL.
type object struct {
	engine *Engine
	key    string
}

func (o object) Load(ctx context.Context) (data []byte, version string, err error) {
	return o.engine.load(ctx, o.key)
}

func (o object) Changed(ctx context.Context, version string) error {
	return o.engine.changed(ctx, o.key, version)
}

// do makes a request with an end, and tells what does not answer from what was refused.
func (e *Engine) do(ctx context.Context, request func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := e.timeout.Do(ctx, request)
	switch {
	case err == nil, errors.Is(err, keystore.ErrStale):
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, rpctypes.ErrPermissionDenied), codeOf(err) == codes.PermissionDenied:
		return fmt.Errorf("etcd: the user of this connection may not do that in %s; see the roles in the documentation of wrapper/fleet: %w", e.place, err)
	case isRefusal(codeOf(err)):
		return fmt.Errorf("etcd: %s: %w", e.place, err)
	}
	return fmt.Errorf("%w: %s: %w", keystore.ErrUnavailable, e.place, err)
}

func codeOf(err error) codes.Code {
	if refused, ok := errors.AsType[rpctypes.EtcdError](err); ok {
		return refused.Code()
	}
	return status.Code(err)
}

// isRefusal reports whether the same request would be refused again. ResourceExhausted is a database that is
// full.
func isRefusal(code codes.Code) bool {
	return code == codes.InvalidArgument || code == codes.Unauthenticated || code == codes.ResourceExhausted ||
		code == codes.FailedPrecondition || code == codes.NotFound
}
