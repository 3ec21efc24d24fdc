package examples_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper"
)

// Both dialers pay one refused handshake for a late clock, and the sandbox has verified the second.
func TestALateClockCostsOneHandshake(t *testing.T) {
	for name, connect := range map[string]func(*wrapper.Transport) error{
		"gorilla": func(transport *wrapper.Transport) error {
			connection, err := dial(t.Context(), transport)
			if err != nil {
				return err
			}
			return connection.Close()
		},
		"coder": func(transport *wrapper.Transport) error {
			connection, _, err := websocket.Dial(t.Context(), transport.WebSocketURL(), &websocket.DialOptions{HTTPClient: &http.Client{Transport: transport}})
			if err != nil {
				return err
			}
			return connection.CloseNow()
		},
	} {
		t.Run(name, func(t *testing.T) {
			transport, box, stop := newTransport(wrapper.WithClock(lateClock{wrapper.SystemClock()}))
			defer stop()
			for range 2 {
				if err := connect(transport); err != nil {
					t.Fatal(err)
				}
			}
			refused := 0
			for _, seen := range box.Exchanges() {
				if seen.Refusal != "" {
					refused++
				}
			}
			if offset := transport.ClockOffset(); refused != 1 || offset < late-2e9 || offset > late+2e9 {
				t.Errorf("%d handshakes were refused, and the offset is %s", refused, offset)
			}
		})
	}
}

func TestARefusedHandshakeSaysWhy(t *testing.T) {
	transport, box, stop := newTransport()
	defer stop()
	if err := box.SetFaults(sandbox.Fault{Kind: sandbox.FaultStatus, Status: 401,
		Body: `{"error":{"code":"authentication_error","message":"x","details":"INCORRECT_API_KEY_SIGNATURE"}}`}); err != nil {
		t.Fatal(err)
	}
	_, err := dial(t.Context(), transport)
	if !errors.Is(err, wrapper.ErrBadSignature) || !strings.Contains(err.Error(), "does not belong to this key ID") {
		t.Errorf("got %v", err)
	}
	_, response, err := websocket.Dial(t.Context(), transport.WebSocketURL(), &websocket.DialOptions{HTTPClient: &http.Client{Transport: transport}})
	if err == nil {
		t.Fatal("the handshake was not refused")
	}
	if err := wrapper.ErrorFrom(response); !errors.Is(err, wrapper.ErrBadSignature) || !strings.Contains(err.Error(), "The signature is good") {
		t.Errorf("got %v", err)
	}
}
