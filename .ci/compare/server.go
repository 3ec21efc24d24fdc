package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"kalshi.internal/apikeys/wrapper"
)

// endpoint is where a server answers, and whose key signs.
type endpoint struct {
	environment []string // for a client
	url         string   // of the list of keys
	credentials *wrapper.Credentials
}

// request returns a signed request for the list of keys. A signature is good for a few seconds.
func (e endpoint) request(ctx context.Context) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, e.url, http.NoBody)
	if err != nil {
		return nil, err
	}
	return request, wrapper.SignRequest(e.credentials)(ctx, request)
}

// server is how to start a server. The endpoint is nil until the server has said where it is.
type server func(ctx context.Context) (command *exec.Cmd, locate func() (*endpoint, error), err error)

func sandboxServer(program, dir string, flags ...string) server {
	return func(ctx context.Context) (*exec.Cmd, func() (*endpoint, error), error) {
		file := filepath.Join(dir, "sandbox.env")
		// A sandbox that was killed has left its files.
		if err := errors.Join(os.RemoveAll(file), os.RemoveAll(file+".pem")); err != nil {
			return nil, nil, err
		}
		locate := func() (*endpoint, error) { return readEnvironment(file) }
		return command(ctx, nil, program, append([]string{"sandbox", "--env-file", file}, flags...)...), locate, nil
	}
}

// readEnvironment reads the file that a sandbox writes once it listens.
func readEnvironment(file string) (*endpoint, error) {
	content, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	at, values := &endpoint{}, map[string]string{}
	for line := range strings.Lines(string(content)) {
		assignment := strings.ReplaceAll(strings.TrimPrefix(strings.TrimSpace(line), "export "), "'", "")
		at.environment = append(at.environment, assignment)
		name, value, _ := strings.Cut(assignment, "=")
		values[name] = value
	}
	if err == nil {
		at.url = values["KALSHI_BASE_URL"] + "/api_keys"
		at.credentials, err = wrapper.LoadCredentials(values[wrapper.EnvAPIKeyID], values[wrapper.EnvPrivateKeyPath])
	}
	return at, err
}

// prismServer is Prism on a free port, with its log off. It serves the paths of the contract
// without the base path of its servers, and asks for the three headers without verifying them.
func prismServer(node string) server {
	return func(ctx context.Context) (*exec.Cmd, func() (*endpoint, error), error) {
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, nil, err
		}
		port := listener.Addr().(*net.TCPAddr).Port
		_, private, err := ed25519.GenerateKey(nil)
		if err = errors.Join(err, listener.Close()); err != nil {
			return nil, nil, err
		}
		credentials, err := wrapper.NewSignerCredentials("0190a5f2-6c1e-4d0e-9b7a-2f6f0f6f8a11", private)
		at := &endpoint{url: fmt.Sprintf("http://127.0.0.1:%d/api_keys", port), credentials: credentials}
		return command(ctx, nil, node, ".ci/compare/node_modules/@stoplight/prism-cli/dist/index.js",
			"mock", "-v", "silent", "-h", "127.0.0.1", "-p", strconv.Itoa(port), "openapi.yaml"), func() (*endpoint, error) { return at, nil }, err
	}
}

// command returns a program that is killed, with all that it starts, when ctx or this program
// ends. Its environment is small, so that no setting of the user's shell changes the figures.
func command(ctx context.Context, environment []string, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...) //nolint:gosec // The programs that are measured.
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}, environment...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	return cmd
}

// measure starts the server, runs the load against it and kills it.
func (s subject) measure(ctx context.Context) (found figures, err error) {
	ctx, stop := context.WithCancel(ctx)
	process, locate, err := s.server(ctx)
	if err != nil {
		stop()
		return found, err
	}
	var said strings.Builder
	process.Stderr = &said
	began := time.Now()
	if err := process.Start(); err != nil {
		stop()
		return found, err
	}
	defer func() {
		stop()
		if ended := process.Wait(); err != nil {
			err = errors.Join(err, ended, errors.New(said.String()))
		}
	}()
	at, err := firstAnswer(ctx, locate)
	if err != nil {
		return found, err
	}
	found.startUp = time.Since(began).Seconds() * 1e3
	if found.perSecond, err = s.load(ctx, *at); err != nil {
		return found, err
	}
	found.memory, err = residentMiB(process.Process.Pid)
	return found, err
}

// firstAnswer tries each millisecond, for at most a minute.
func firstAnswer(ctx context.Context, locate func() (*endpoint, error)) (*endpoint, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("the server does not answer: %w", ctx.Err())
		case <-tick.C:
		}
		at, err := locate()
		if err != nil || at == nil {
			if err != nil {
				return nil, err
			}
			continue
		}
		if answered, err := at.answers(ctx); answered || err != nil {
			return at, err
		}
	}
}

func (e endpoint) answers(ctx context.Context) (bool, error) {
	request, err := e.request(ctx)
	if err != nil {
		return false, err
	}
	request.Close = true
	response, err := (&http.Client{Timeout: 10 * time.Second}).Do(request)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("it answered %s: %s", response.Status, body)
	}
	return err == nil, err
}

// residentMiB returns how much memory a process has resident.
func residentMiB(pid int) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(status), "VmRSS:")
	var kibibytes float64
	if _, err := fmt.Sscan(after, &kibibytes); err != nil {
		return 0, fmt.Errorf("the memory of process %d: %w", pid, err)
	}
	return kibibytes / 1024, nil
}
