package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"kalshi.internal/apikeys/wrapper"
)

const envBaseURL = "KALSHI_BASE_URL"

// launchSandbox returns how to start a sandbox with these flags, and the file that tells how to
// reach it.
func (p *programs) launchSandbox(flags ...string) (launch, envFile) {
	file := envFile(filepath.Join(p.dir, "sandbox"+strings.Join(flags, "")+".env"))
	args := append([]string{"sandbox", "--env-file", string(file)}, flags...)
	return launch{
		command: func(ctx context.Context) *exec.Cmd {
			// A sandbox that was killed has left its files.
			_ = os.Remove(string(file))
			_ = os.Remove(string(file) + ".pem")
			return command(ctx, measuredEnvironment(), p.kalshiKeys, args...)
		},
		locate: file.locate,
	}, file
}

// envFile is the path of a file that a sandbox writes, once it listens.
type envFile string

// read returns the file's assignments, as a program's environment has them.
func (f envFile) read() ([]string, error) {
	text, err := os.ReadFile(string(f))
	if err != nil {
		return nil, err
	}
	var environment []string
	for line := range strings.Lines(string(text)) {
		if assignment, ok := strings.CutPrefix(strings.TrimSpace(line), "export "); ok {
			environment = append(environment, strings.ReplaceAll(assignment, "'", ""))
		}
	}
	return environment, nil
}

func (f envFile) locate() (endpoint, bool, error) {
	environment, err := f.read()
	if errors.Is(err, fs.ErrNotExist) {
		return endpoint{}, false, nil
	}
	if err != nil {
		return endpoint{}, false, err
	}
	values := map[string]string{}
	for _, assignment := range environment {
		name, value, _ := strings.Cut(assignment, "=")
		values[name] = value
	}
	credentials, err := wrapper.LoadCredentials(values[wrapper.EnvAPIKeyID], values[wrapper.EnvPrivateKeyPath])
	return endpoint{url: values[envBaseURL] + "/api_keys", credentials: credentials}, err == nil, err
}
