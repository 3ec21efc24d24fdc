package server

import (
	"fmt"
	"net/url"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// PgBouncer is a pooler that gives a connection of its server to each transaction anew, and speaks TLS alone.
type PgBouncer struct {
	process

	certificate *Certificate
	port        string
}

// NewPgBouncer starts a pooler before db, with fewer connections than its clients have. It ends with the test.
func NewPgBouncer(t testing.TB, db *Postgres) *PgBouncer {
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		program = "/usr/sbin/pgbouncer" // which is not on the path of every user
	}
	dir, as := serverDir(t)
	p := &PgBouncer{certificate: NewCertificate(t), port: FreePort(t)}
	settings := filepath.Join(dir, "pgbouncer.ini")
	writeFor(t, settings, fmt.Appendf(nil, `[databases]
* = host=127.0.0.1 port=%s user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %s
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
client_tls_sslmode = require
client_tls_cert_file = %s
client_tls_key_file = %s
`, db.Port, p.port, p.certificate.Cert, p.certificate.Key))
	p.process = process{t: t, log: filepath.Join(dir, "log"), command: func() *exec.Cmd {
		return as(exec.Command(program, settings)) //nolint:gosec,noctx // A program of this machine, which the cleanup ends.
	}}
	p.start()
	t.Cleanup(func() { p.end(syscall.SIGKILL) })
	p.await(func() error {
		connection, err := pgx.Connect(t.Context(), p.URL(""))
		if err == nil {
			err = connection.Close(t.Context())
		}
		return err
	})
	return p
}

// URL returns the URL of the store of that name, with the certificate verified.
func (p *PgBouncer) URL(store string) string { return p.certificate.postgresURL(p.port, store) }

// EncryptedURL is [Postgres.URL] for the superuser, with the certificate verified.
func (p *Postgres) EncryptedURL(certificate *Certificate, store string) string {
	return certificate.postgresURL(p.Port, store)
}

func (c *Certificate) postgresURL(port, store string) string {
	query := url.Values{"sslmode": {"verify-full"}, "sslrootcert": {c.Cert}}
	if store != "" {
		query.Set("name", store)
	}
	return PostgresURL("postgres", port, "") + "?" + query.Encode()
}
