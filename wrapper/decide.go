package wrapper

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"time"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// A Reason says why an attempt is, or is not, followed by another. Log records and [Attempt] have it.
type Reason string

// The reasons of the retry table.
const (
	// ReasonAnswered: the answer is no error.
	ReasonAnswered Reason = "answered"
	// ReasonRefused: a 4xx that another attempt would not change.
	ReasonRefused Reason = "refused by the service"
	// ReasonRateLimited: 429.
	ReasonRateLimited Reason = "rate limited"
	// ReasonNotYetVisible: 409 on create or generate (source: published).
	ReasonNotYetVisible Reason = "subtrader not yet visible"
	// ReasonTimestamp: the timestamp was refused, and the request is signed afresh.
	ReasonTimestamp Reason = "timestamp refused, signed afresh"
	// ReasonServerError: a 5xx.
	ReasonServerError Reason = "server error"
	// ReasonNeverSent: certainly nothing went out, and another attempt may.
	ReasonNeverSent Reason = "never sent"
	// ReasonConnectionLost: no answer came, and the request may have arrived.
	ReasonConnectionLost Reason = "connection lost after sending"
	// ReasonTimeout: the time of the attempt ended.
	ReasonTimeout Reason = "attempt timed out"
	// ReasonRefusedHere: the request was refused before anything was sent.
	ReasonRefusedHere Reason = "refused before sending"
	// ReasonProxyLogin: a proxy answered 407.
	ReasonProxyLogin Reason = "the proxy wants a user name and password"
	// ReasonCertificate: the server's certificate does not verify.
	ReasonCertificate Reason = "certificate does not verify"
	// ReasonTooLarge: the response body is larger than [WithMaxResponseBytes] allows.
	ReasonTooLarge Reason = "response too large"
	// ReasonContextEnded: the caller's context ended.
	ReasonContextEnded Reason = "context ended"
)

// Reasons why there is no other attempt although the retry table allows one.
const (
	// ReasonTimestampAgain: the timestamp was refused also after the correction.
	ReasonTimestampAgain Reason = "timestamp refused again"
	// ReasonOutcomeUnknown: the request may have taken effect, and a second could have another.
	ReasonOutcomeUnknown Reason = "outcome unknown, not sent twice"
	// ReasonAttemptsUsedUp: [Retry].MaxAttempts.
	ReasonAttemptsUsedUp Reason = "attempts used up"
	// ReasonRetryAfter: the service asks for more than [Retry].MaxRetryAfter.
	ReasonRetryAfter Reason = "Retry-After is beyond the cap"
	// ReasonDeadline: the context would end in the wait.
	ReasonDeadline Reason = "the wait is beyond the context's deadline"
	// ReasonTooLate: the next attempt would begin later than [Retry].MaxDelay allows.
	ReasonTooLate Reason = "the next attempt would come too late"
	// ReasonNeverAgain: [NeverAgain].
	ReasonNeverAgain Reason = "not sent twice, by its policy"
	// ReasonNoReplay: the request has a body and no GetBody.
	ReasonNoReplay Reason = "body cannot be replayed"
	// ReasonStopped: a function of [WithBeforeAttempt] refused the next attempt.
	ReasonStopped Reason = "another attempt was refused before sending"
)

// decision is what the retry table says of an answer.
type decision struct {
	reason Reason
	// again: the request may be sent once more.
	again bool
	// unknown: the request may have taken effect.
	unknown bool
	// kind is the sentinel of an answer that did not come, nil if none fits.
	kind error
	// wait is how long to wait before the next attempt.
	wait time.Duration
}

// decide is the retry table. It looks at types, statuses and codes, never at texts. Ended says
// that the caller's context has ended.
func decide(c *call, a answer, ended bool) decision {
	changes := protocol.ChangesState(c.method)
	switch status := a.status(); {
	case a.delivery == refusedHere:
		return decision{reason: ReasonRefusedHere}
	case isCertificateError(a.err):
		return decision{reason: ReasonCertificate, kind: ErrInsecure}
	case errors.Is(a.err, errTooLarge):
		return decision{reason: ReasonTooLarge, unknown: changes, kind: ErrUnexpectedResponse}
	case a.err != nil && ended:
		return decision{reason: ReasonContextEnded, unknown: changes && a.delivery != neverSent}
	case isProxyLogin(a.err):
		return decision{reason: ReasonProxyLogin, kind: ErrUnavailable}
	case a.delivery == neverSent:
		return decision{reason: ReasonNeverSent, again: true, kind: ErrUnavailable}
	case isTimeout(a.err):
		return outcomeUnknown(ReasonTimeout, c)
	case a.err != nil:
		return outcomeUnknown(ReasonConnectionLost, c)
	case status >= http.StatusInternalServerError:
		return outcomeUnknown(ReasonServerError, c)
	case status == http.StatusTooManyRequests:
		return decision{reason: ReasonRateLimited, again: true}
	case status == http.StatusConflict && c.operation.MakesKey():
		return decision{reason: ReasonNotYetVisible, again: true}
	case a.refusesTimestamp():
		return decision{reason: ReasonTimestamp, again: true}
	case status >= http.StatusBadRequest:
		return decision{reason: ReasonRefused}
	}
	return decision{reason: ReasonAnswered, unknown: changes && mayFollowEffect(a.status())}
}

// outcomeUnknown is the row of the table for a request that may have taken effect. It is sent again
// only where a second one has no further effect.
func outcomeUnknown(why Reason, c *call) decision {
	again := c.isResendable()
	if !again {
		why = ReasonOutcomeUnknown
	}
	return decision{reason: why, again: again, unknown: protocol.ChangesState(c.method), kind: ErrUnavailable}
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) || (errors.As(err, &timeout) && timeout.Timeout())
}

func isCertificateError(err error) bool {
	return isType[*tls.CertificateVerificationError](err) ||
		isType[x509.UnknownAuthorityError](err) ||
		isType[x509.HostnameError](err) ||
		isType[x509.CertificateInvalidError](err)
}

func isProxyLogin(err error) bool {
	refused, ok := errors.AsType[*proxyError](err)
	return ok && refused.status == http.StatusProxyAuthRequired
}

// isDialError reports a failure of connecting: of the name, of the address or of a proxy.
func isDialError(err error) bool {
	if isType[*net.DNSError](err) {
		return true
	}
	operation, ok := errors.AsType[*net.OpError](err)
	return ok && (operation.Op == "dial" || operation.Op == "proxyconnect")
}

func isType[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}
