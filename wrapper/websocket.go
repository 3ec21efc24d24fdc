package wrapper

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// WebSocketURL returns the URL of the WebSocket of the transport's environment, such as
// wss://external-api-ws.kalshi.com/trade-api/ws/v2 (source: published, May 2026), and for any other base URL the
// path /trade-api/ws/v2 on its host. The transport signs requests to that origin too.
func (t *Transport) WebSocketURL() string {
	return protocol.WebSocketURL(t.config.baseURL).String()
}

// SignedHeader returns the three headers that sign a request of this method to this URL, for a dialer that
// makes the request of a WebSocket by itself and takes headers. They are good for some seconds: ask
// for them right before dialing, and bound the handshake by the dialer's own timeout. The time is the
// service's as far as it is known; see [Transport.CorrectClock]. A dialer that takes an [http.Client] needs none of
// this: give it one with the Transport. Functions of [WithBeforeAttempt] and [WithObserver] are not called. Errors are of type [*Error].
func (t *Transport) SignedHeader(ctx context.Context, method, url string) (http.Header, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, http.NoBody)
	if err != nil {
		return nil, &Error{
			Method: method, Message: err.Error(), Hint: "Nothing was signed", kinds: []error{ErrInvalidRequest, ErrNotSent},
		}
	}
	err = checkSignable(req, t.config.baseURL, protocol.WebSocketURL(t.config.baseURL))
	if err == nil {
		_, err = signWith(ctx, t.source, req, t.chain.clock.Now())
	}
	if err != nil {
		call := newCall(req, t.config.baseURL)
		call.take(answer{err: err, delivery: refusedHere}, false, time.Time{})
		return nil, call.failure()
	}
	return req.Header, nil
}

// dateResolution is by how much two readings of one clock may differ, because Date is cut to seconds.
const dateResolution = 2 * time.Second

// CorrectClock looks at the answer to a request that [Transport.SignedHeader] signed, such as a
// handshake that failed. If the service refused its timestamp and the Date is believed, it corrects the clock for
// all requests of the transport and reports true: sign and try once more. It reports false for any other answer,
// also for nil. It reads the body of a 401 without consuming it.
func (t *Transport) CorrectClock(resp *http.Response) bool {
	if resp == nil || resp.StatusCode != http.StatusUnauthorized || callOf(resp) != nil {
		return false
	}
	received := t.config.clock.Now()
	refused := callBy(resp)
	if !refused.refusesTimestamp() {
		return false
	}
	signed, offset := received, t.chain.clock.Offset()
	if resp.Request != nil {
		if timestamp, err := strconv.ParseInt(resp.Request.Header.Get(protocol.HeaderTimestamp), 10, 64); err == nil {
			signed = earlier(received, time.UnixMilli(timestamp).Add(-offset))
		}
	}
	reading := refused.readClock(signed, received, t.config.maxClockCorrection)
	if !reading.believed || (reading.skew-offset).Abs() < dateResolution {
		return false
	}
	t.chain.clock.offset.Store(int64(reading.skew))
	return true
}

// earlier keeps the time of a signature that was made before the clock was corrected from being later
// than that of its answer.
func earlier(received, signed time.Time) time.Time {
	if signed.After(received) {
		return received
	}
	return signed
}
