package examples_test

import (
	"context"
	"fmt"
	"log"
	"net/http"

	"github.com/coder/websocket"

	"kalshi.internal/apikeys/wrapper"
)

// A dialer that takes an http.Client gets one with the transport: it signs the handshake, signs it again with the
// service's time if the clock is late, and ends it with the attempt. The open connection has no timeout.
func Example_coderWebSocket() {
	transport, _, stop := newTransport(wrapper.WithClock(lateClock{wrapper.SystemClock()}))
	defer stop()
	ctx := context.Background()

	connection, _, err := websocket.Dial(ctx, transport.WebSocketURL(), &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: transport},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = connection.CloseNow() }()

	if err := connection.Write(ctx, websocket.MessageText, []byte(`{"cmd":"subscribe"}`)); err != nil {
		log.Fatal(err)
	}
	_, message, err := connection.Read(ctx)
	fmt.Println(string(message), err)
	// Output:
	// {"cmd":"subscribe"} <nil>
}
