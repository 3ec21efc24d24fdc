package etcd_test

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"kalshi.internal/apikeys/wrapper/fleet/etcd"
	"kalshi.internal/apikeys/wrapper/fleet/internal/server"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/keystore/enginetest"
)

func TestOneMemberOfEtcdIsAnEngine(t *testing.T) { runAcross(t, 1) }

func TestThreeMembersOfEtcdAreAnEngine(t *testing.T) { runAcross(t, 3) }

func TestEtcdWithoutWatchesIsAnEngine(t *testing.T) { runAcross(t, 1, etcd.WithoutWatches()) }

func TestEtcdWithTLSIsAnEngine(t *testing.T) {
	runAcrossAt(t, func() (urlOf func(store string) string) {
		certificate := server.NewCertificate(t)
		cluster := server.NewEncryptedEtcd(t, certificate)
		files := url.Values{"ca": {certificate.Cert}, "cert": {certificate.Cert}, "key": {certificate.Key}}.Encode()
		return func(store string) string { return cluster.URL(store) + "?" + files }
	})
}

func runAcross(t *testing.T, members int, options ...etcd.Option) {
	t.Helper()
	runAcrossAt(t, func() (urlOf func(store string) string) { return server.NewEtcd(t, members).URL }, options...)
}

func runAcrossAt(t *testing.T, start func() (urlOf func(store string) string), options ...etcd.Option) {
	t.Helper()
	var stores atomic.Int64
	started := sync.OnceValue(start) // but in another process, which has an address
	enginetest.RunAcross(t, enginetest.Backend{
		Make: func(*testing.T) string { return started()(fmt.Sprint("store", stores.Add(1))) },
		Open: func(address string) (keystore.Document, error) { return etcd.Open(address, options...) },
	})
}

func TestAURLThatCannotBeUsedIsRefusedWithWhatToDo(t *testing.T) {
	for address, want := range map[string]string{
		"etcd://one.example.com,two.example.com/desk":                      "?ca=FILE",
		"etcd://127.0.0.1,two.example.com/desk":                            "?ca=FILE",
		"etcd://user:canary@127.0.0.1/desk":                                "ETCDCTL_PASSWORD",
		"etcd://127.0.0.1":                                                 "etcd://MEMBER,MEMBER/STORE",
		"etcd://127.0.0.1/a/b":                                             "slash",
		"etcd://127.0.0.1,,127.0.0.2/desk":                                 "empty member",
		"etcd:///desk":                                                     "empty member",
		"etcd://127.0.0.1/desk?cacert=x":                                   "unknown option",
		"etcd://127.0.0.1/desk?tls=yes":                                    "tls must be system",
		"etcd://127.0.0.1/desk?cert=absent":                                "give both cert and key",
		"etcd://127.0.0.1/desk?ca=" + filepath.Join(t.TempDir(), "absent"): "cannot be read",
		"http://127.0.0.1/desk":                                            "etcd://MEMBER,MEMBER/STORE",
	} {
		if _, err := etcd.Open(address); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got %v, want %q", address, err, want)
		}
	}
	for _, address := range []string{
		"etcd://localhost/desk", "etcd://127.0.0.1:1234,[::1]:2379,[::1]/desk", "etcd://one.example.com/desk?tls=system",
	} {
		engine, err := etcd.Open(address)
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		if engine.StoreName() != "desk" {
			t.Errorf("%s names the store %s", address, engine.StoreName())
		}
		engine.Close()
	}
}
