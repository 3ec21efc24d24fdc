package examples_test

import (
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/coder/websocket"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper"
)

// late is how late the clock of the examples is.
const late = 41 * time.Second

// lateClock is a clock that is 41 s late, as bots have met it.
type lateClock struct{ wrapper.Clock }

func (c lateClock) Now() time.Time { return c.Clock.Now().Add(-late) }

// newTransport returns a transport for a sandbox whose WebSocket sends back what it gets, and how to stop that. The
// sandbox checks the signature of each handshake.
func newTransport(options ...wrapper.Option) (transport *wrapper.Transport, box *sandbox.Sandbox, stop func()) {
	box = sandbox.New(sandbox.WithFallback(http.HandlerFunc(echo)))
	key, err := box.Bootstrap(sandbox.OfType(sandbox.Ed25519))
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(box)
	creds, err := wrapper.NewCredentials(key.ID, []byte(key.PrivateKey.RevealPrivateKey()))
	if err != nil {
		log.Fatal(err)
	}
	transport, err = wrapper.NewTransport(creds, append(options, wrapper.WithBaseURL(server.URL+sandbox.BasePath))...)
	if err != nil {
		log.Fatal(err)
	}
	return transport, box, server.Close
}

func echo(w http.ResponseWriter, r *http.Request) {
	connection, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = connection.CloseNow() }()
	for {
		kind, message, err := connection.Read(r.Context())
		if err != nil || connection.Write(r.Context(), kind, message) != nil {
			return
		}
	}
}
