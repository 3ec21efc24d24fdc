package server

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// Etcd is a cluster.
type Etcd struct {
	// Members are in order.
	Members []*EtcdMember
}

// EtcdMember is one member of a cluster.
type EtcdMember struct {
	process

	// certificate is nil where the member speaks clear text.
	certificate *Certificate

	// Dir is its data directory, and Port where it serves clients.
	Dir, Port string
}

// NewEtcd starts a cluster of that many members, which ends with the test.
func NewEtcd(t testing.TB, members int) *Etcd {
	t.Helper()
	return newEtcd(t, members, nil)
}

// NewEncryptedEtcd starts a cluster of one member that speaks TLS alone, to clients that have the certificate.
func NewEncryptedEtcd(t testing.TB, certificate *Certificate) *Etcd {
	t.Helper()
	return newEtcd(t, 1, certificate)
}

func newEtcd(t testing.TB, members int, certificate *Certificate) *Etcd {
	t.Helper()
	program := etcdProgram(t)
	cluster, dir := &Etcd{}, t.TempDir()
	var peers []string
	for i := range members {
		name := fmt.Sprint("member", i)
		member := &EtcdMember{Dir: filepath.Join(dir, name), Port: FreePort(t), certificate: certificate}
		peer, client := "http://127.0.0.1:"+FreePort(t), member.address()
		peers = append(peers, name+"="+peer)
		member.process = process{t: t, log: filepath.Join(dir, name+".log"), command: func() *exec.Cmd {
			//nolint:gosec,noctx // The server of this module, which the cleanup ends.
			command := exec.Command(program, "--name", name, "--data-dir", member.Dir, "--log-level", "warn",
				"--listen-client-urls", client, "--advertise-client-urls", client,
				"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
				"--initial-cluster", strings.Join(peers, ","), "--initial-cluster-state", "new")
			if certificate != nil {
				command.Args = append(command.Args, "--cert-file", certificate.Cert, "--key-file", certificate.Key,
					"--trusted-ca-file", certificate.Cert, "--client-cert-auth")
			}
			return command
		}}
		cluster.Members = append(cluster.Members, member)
	}
	for _, member := range cluster.Members {
		member.start()
		t.Cleanup(func() { member.end(syscall.SIGKILL) })
	}
	cluster.AwaitLeader(nil)
	return cluster
}

// etcdProgram returns the server, built from its Go module and cached by Go.
func etcdProgram(t testing.TB) string {
	t.Helper()
	file, err := above("wrapper/fleet/chaos/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "go", "-C", filepath.Dir(file), "tool", "-n", "go.etcd.io/etcd/server/v3").Output() //nolint:gosec // A path of this repository.
	if err != nil {
		t.Fatalf("building etcd: %v", err)
	}
	return strings.TrimSpace(string(out))
}

// URL returns the URL of the store of that name.
func (e *Etcd) URL(store string) string {
	ports := make([]string, len(e.Members))
	for i, member := range e.Members {
		ports[i] = member.Port
	}
	return EtcdURL(ports, store)
}

// EtcdURL returns the URL of a store at other ports of loopback, such as those of proxies.
func EtcdURL(ports []string, store string) string {
	return "etcd://127.0.0.1:" + strings.Join(ports, ",127.0.0.1:") + "/" + store
}

// AwaitLeader waits until all members but one follow a leader that is not that one, and returns the leader.
func (e *Etcd) AwaitLeader(but *EtcdMember) *EtcdMember {
	first := e.Members[0]
	first.t.Helper()
	var leader *EtcdMember
	first.await(func() (err error) {
		leader, err = e.leader(but)
		return err
	})
	return leader
}

func (e *Etcd) leader(but *EtcdMember) (leader *EtcdMember, err error) {
	for _, member := range e.Members {
		if member == but {
			continue
		}
		status, err := member.status()
		if err != nil {
			return nil, err
		}
		if status.Header.MemberId == status.Leader {
			leader = member
		}
	}
	if leader == nil {
		return nil, errors.New("no member is the leader")
	}
	return leader, nil
}

func (m *EtcdMember) address() string {
	if m.certificate != nil {
		return "https://127.0.0.1:" + m.Port
	}
	return "http://127.0.0.1:" + m.Port
}

func (m *EtcdMember) status() (*clientv3.StatusResponse, error) {
	config := clientv3.Config{Endpoints: []string{m.address()}, Logger: zap.NewNop()}
	if m.certificate != nil {
		config.TLS = m.certificate.client
	}
	client, err := clientv3.New(config)
	if err != nil {
		return nil, err
	}
	defer func() { _ = client.Close() }()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	status, err := client.Status(ctx, m.address())
	if err == nil && status.Leader == 0 {
		err = errors.New("the member knows no leader")
	}
	return status, err
}

// Kill ends the member as a crash does.
func (m *EtcdMember) Kill() { m.end(syscall.SIGKILL) }

// Start starts the member after Kill.
func (m *EtcdMember) Start() { m.start() }
