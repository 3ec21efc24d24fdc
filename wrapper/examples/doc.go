// Package examples shows the client beside libraries that it does not depend on: WebSocket dialers and Prometheus.
// It is a module of its own, so that nobody else carries them. Each example runs against the sandbox.
package examples
