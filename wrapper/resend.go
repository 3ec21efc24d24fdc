package wrapper

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// Resend says what may be sent again after an attempt whose outcome is unknown: a 5xx, a lost
// connection or a timeout.
type Resend string

const (
	// ByMethod is the default: GET, HEAD, OPTIONS, TRACE and DELETE are sent again, POST, PUT and
	// PATCH are not. RFC 9110 calls PUT idempotent too, but the service accepts and confirms quotes
	// by PUT (source: published), and that moves money.
	ByMethod Resend = "by method"
	// Idempotent says that a second request has no further effect, whatever its method. Generate and
	// create are never sent again all the same: a second one makes a second key.
	Idempotent Resend = "idempotent"
	// ByClientOrderID sends a POST to a path that ends in /orders again if its JSON body is one order with
	// a client_order_id. The service refuses a second order with the same one with 409 order_already_exists
	// (source: observed); how long it remembers the ID, and what it answers to a second batch or amendment,
	// nobody has recorded. Other requests are treated as by [ByMethod].
	ByClientOrderID Resend = "by client_order_id"
	// NeverAgain sends nothing a second time: neither after an unknown outcome, nor after a 429 or a
	// refused timestamp. What certainly was not sent is still tried again.
	NeverAgain Resend = "never again"
)

// isResendable reports whether the request of a call may be sent again after an unknown outcome.
func (c *call) isResendable() bool {
	switch {
	case c.operation.MakesKey():
		return false
	case c.policy.Resend == Idempotent:
		return true
	case c.policy.Resend == ByClientOrderID && c.placesOrder() && hasClientOrderID(c.request):
		return true
	}
	return protocol.IsRepeatable(c.method)
}

// placesOrder reports whether the request may place one order. An amendment has a client_order_id too: that of
// the order that is there.
func (c *call) placesOrder() bool {
	return c.method == http.MethodPost && strings.HasSuffix(c.path, "/orders")
}

// maxOrderBody is the longest body in which a client_order_id is looked for, in bytes (our own choice).
const maxOrderBody = 64 << 10

// hasClientOrderID reports whether the body, of which GetBody gives a copy, is one order with a
// client_order_id.
func hasClientOrderID(req *http.Request) bool {
	if req.GetBody == nil {
		return false
	}
	body, err := req.GetBody()
	if err != nil {
		return false
	}
	defer func() { _ = body.Close() }()
	text, err := io.ReadAll(io.LimitReader(body, maxOrderBody+1))
	if err != nil || len(text) > maxOrderBody {
		return false
	}
	var order map[string]json.RawMessage
	var id string
	return json.Unmarshal(text, &order) == nil && json.Unmarshal(order["client_order_id"], &id) == nil && id != ""
}
