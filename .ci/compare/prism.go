package main

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"net"
	"os/exec"
	"strconv"

	"kalshi.internal/apikeys/wrapper"
)

// launchPrism returns how to start Prism on a free port, with its log off. Prism serves the
// paths of the contract without the base path of its servers, and asks for the three headers
// without verifying what is in them.
func (p *programs) launchPrism(ctx context.Context) (launch, error) {
	port, err := freePort(ctx)
	if err != nil {
		return launch{}, err
	}
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return launch{}, err
	}
	credentials, err := wrapper.NewSignerCredentials("0190a5f2-6c1e-4d0e-9b7a-2f6f0f6f8a11", private)
	if err != nil {
		return launch{}, err
	}
	at := endpoint{url: fmt.Sprintf("http://127.0.0.1:%d/api_keys", port), credentials: credentials}
	return launch{
		command: func(ctx context.Context) *exec.Cmd {
			return command(ctx, measuredEnvironment(), p.node, prismFile,
				"mock", "-v", "silent", "-h", "127.0.0.1", "-p", strconv.Itoa(port), "openapi.yaml")
		},
		locate: func() (endpoint, bool, error) { return at, true, nil },
	}, nil
}

func freePort(ctx context.Context) (int, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := listener.Addr().(*net.TCPAddr).Port
	return port, listener.Close()
}
