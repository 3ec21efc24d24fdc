package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"

	"kalshi.internal/apikeys/wrapper/protocol"
)

const (
	// shutdownGrace is how long requests under way may take once a server stops (our own choice).
	shutdownGrace = 5 * time.Second
	// headerTimeout bounds the reading of a request's headers (our own choice).
	headerTimeout = 10 * time.Second
)

// listen opens address, HOST:PORT. Unless allowRemote says so, it must be one that no other
// machine can reach.
func listen(ctx context.Context, address string, allowRemote bool) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, usage(fmt.Sprintf("--listen %q is not HOST:PORT", address), "For a free port: 127.0.0.1:0")
	}
	if !allowRemote && !protocol.IsLoopback(host) {
		return nil, usage(
			fmt.Sprintf("--listen %q would let other machines in, and the sandbox is a test server", address),
			"Use 127.0.0.1, or give --allow-remote")
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, usage(err.Error(), "Choose another port; 0 takes a free one")
	}
	return listener, nil
}

// origin returns the URL under which this machine reaches what listens at address. What listens
// at every address of a machine is reached by IPv4: most containers have no loopback of IPv6.
func origin(address net.Addr) string {
	bound, err := netip.ParseAddrPort(address.String())
	if err != nil {
		return "http://" + address.String()
	}
	host := bound.Addr().Unmap()
	if host.IsUnspecified() {
		host = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	return "http://" + netip.AddrPortFrom(host, bound.Port()).String()
}

// serve answers requests until ctx ends, and then lets those under way finish.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: headerTimeout}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		_ = server.Close() // cuts off what would not end by itself
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving: %w", err)
	}
	return nil
}
