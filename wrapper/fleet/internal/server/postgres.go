package server

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Postgres is a server with one database. Its superuser is postgres, and everyone on loopback is believed.
type Postgres struct {
	process

	// Dir is its data directory, and Port where it listens.
	Dir, Port string
}

// NewPostgres starts a server with settings such as log_statement=all, which ends with the test.
func NewPostgres(t testing.TB, settings ...string) *Postgres {
	t.Helper()
	programs := postgresPrograms(t)
	dir, as := serverDir(t)
	p := &Postgres{Dir: filepath.Join(dir, "data"), Port: FreePort(t)}
	p.process = process{t: t, log: filepath.Join(dir, "log"), command: func() *exec.Cmd {
		//nolint:gosec,noctx // The server of this machine, which the cleanup ends.
		command := exec.Command(filepath.Join(programs, "postgres"), "-D", p.Dir, "-p", p.Port, "-k", dir,
			"-c", "listen_addresses=127.0.0.1", "-c", "max_connections=500", "-c", "shared_buffers=32MB")
		for _, setting := range settings {
			command.Args = append(command.Args, "-c", setting)
		}
		return as(command)
	}}
	//nolint:gosec // As above.
	made := as(exec.CommandContext(t.Context(), filepath.Join(programs, "initdb"), "-D", p.Dir, "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", "--locale=C"))
	if out, err := made.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	p.Start()
	t.Cleanup(func() { p.end(syscall.SIGINT) })
	return p
}

// Start starts the server after Kill, and waits until it answers.
func (p *Postgres) Start() {
	p.t.Helper()
	p.start()
	p.await(func() error {
		connection, err := pgx.Connect(context.Background(), p.URL("postgres", ""))
		if err == nil {
			err = connection.Close(context.Background())
		}
		return err
	})
}

// Kill ends the server as a crash does.
func (p *Postgres) Kill() { p.end(syscall.SIGKILL) }

// Log returns all that the server has logged.
func (p *Postgres) Log() []byte {
	text, _ := os.ReadFile(p.log)
	return text
}

// URL returns the URL of the store of that name, for a role.
func (p *Postgres) URL(role, store string) string { return PostgresURL(role, p.Port, store) }

// PostgresURL returns the URL of a store at another port of loopback, such as that of a proxy.
func PostgresURL(role, port, store string) string {
	address := fmt.Sprintf("postgres://%s@127.0.0.1:%s/postgres", role, port)
	if store != "" {
		address += "?name=" + store
	}
	return address
}

// Exec runs statements as the superuser.
func (p *Postgres) Exec(statements string) {
	p.t.Helper()
	if err := p.Try(statements); err != nil {
		p.t.Fatal(err)
	}
}

// Try is Exec that returns the error.
func (p *Postgres) Try(statements string) error {
	connection, err := pgx.Connect(p.t.Context(), p.URL("postgres", ""))
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close(context.Background()) }()
	_, err = connection.Exec(p.t.Context(), statements)
	return err
}

// postgresPrograms returns where the server's programs are. Debian does not put them on the path.
func postgresPrograms(t testing.TB) string {
	t.Helper()
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path)
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		t.Fatal("there is no Postgres here; Debian has it in the package postgresql")
	}
	return filepath.Dir(slices.Max(found))
}
