package examples_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/gorilla/websocket"

	"kalshi.internal/apikeys/wrapper"
)

// dial signs a handshake, and once more with the service's time if the clock is late.
func dial(ctx context.Context, transport *wrapper.Transport) (*websocket.Conn, error) {
	dialer := &websocket.Dialer{Proxy: http.ProxyFromEnvironment, HandshakeTimeout: 15 * time.Second}
	for {
		header, err := transport.SignedHeader(ctx, http.MethodGet, transport.WebSocketURL())
		if err != nil {
			return nil, err
		}
		connection, response, err := dialer.DialContext(ctx, transport.WebSocketURL(), header)
		switch {
		case err == nil:
			return connection, nil
		case transport.CorrectClock(response): // at most once for a clock that stays as it is
			continue
		case response != nil: // what the service said is worth more than "bad handshake"
			return nil, wrapper.ErrorFrom(response)
		}
		return nil, err
	}
}

// A dialer that takes headers gets those that sign the handshake.
func Example_gorillaWebSocket() {
	transport, _, stop := newTransport(wrapper.WithClock(lateClock{wrapper.SystemClock()}))
	defer stop()

	connection, err := dial(context.Background(), transport)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = connection.Close() }()

	if err := connection.WriteMessage(websocket.TextMessage, []byte(`{"cmd":"subscribe"}`)); err != nil {
		log.Fatal(err)
	}
	_, message, err := connection.ReadMessage()
	fmt.Println(string(message), err)
	// Output:
	// {"cmd":"subscribe"} <nil>
}
