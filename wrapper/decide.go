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

// A reason says in a log record why an attempt is, or is not, followed by another.
type reason string

const (
	reasonAnswered       reason = "answered"
	reasonRefused        reason = "refused by the service"
	reasonRateLimited    reason = "rate limited"
	reasonNotYetVisible  reason = "subtrader not yet visible"
	reasonTimestamp      reason = "timestamp refused, signed afresh"
	reasonServerError    reason = "server error"
	reasonNeverSent      reason = "never sent"
	reasonConnectionLost reason = "connection lost after sending"
	reasonTimeout        reason = "attempt timed out"
	reasonRefusedHere    reason = "refused before sending"
	reasonProxyLogin     reason = "the proxy wants a user name and password"
	reasonCertificate    reason = "certificate does not verify"
	reasonTooLarge       reason = "response too large"
	reasonContextEnded   reason = "context ended"

	// Reasons why there is no other attempt although the retry table allows one.
	reasonTimestampAgain reason = "timestamp refused again"
	reasonOutcomeUnknown reason = "outcome unknown, not sent twice"
	reasonAttemptsUsedUp reason = "attempts used up"
	reasonRetryAfter     reason = "Retry-After is beyond the cap"
	reasonDeadline       reason = "the wait is beyond the context's deadline"
	reasonNoReplay       reason = "body cannot be replayed"
)

// decision is what the retry table says of an answer.
type decision struct {
	reason reason
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
func decide(operation protocol.Operation, method string, a answer, ended bool) decision {
	changes := protocol.ChangesState(method)
	switch status := a.status(); {
	case a.delivery == refusedHere:
		return decision{reason: reasonRefusedHere}
	case isCertificateError(a.err):
		return decision{reason: reasonCertificate, kind: ErrInsecure}
	case errors.Is(a.err, errTooLarge):
		return decision{reason: reasonTooLarge, unknown: changes, kind: ErrUnexpectedResponse}
	case a.err != nil && ended:
		return decision{reason: reasonContextEnded, unknown: changes && a.delivery != neverSent}
	case isProxyLogin(a.err):
		return decision{reason: reasonProxyLogin, kind: ErrUnavailable}
	case a.delivery == neverSent:
		return decision{reason: reasonNeverSent, again: true, kind: ErrUnavailable}
	case isTimeout(a.err):
		return maybeApplied(reasonTimeout, method)
	case a.err != nil:
		return maybeApplied(reasonConnectionLost, method)
	case status >= http.StatusInternalServerError:
		return maybeApplied(reasonServerError, method)
	case status == http.StatusTooManyRequests:
		return decision{reason: reasonRateLimited, again: true}
	case status == http.StatusConflict && operation.MakesKey():
		return decision{reason: reasonNotYetVisible, again: true}
	case a.refusesTimestamp():
		return decision{reason: reasonTimestamp, again: true}
	case status >= http.StatusBadRequest:
		return decision{reason: reasonRefused}
	}
	return decision{reason: reasonAnswered}
}

// maybeApplied is the row of the table for a request that may have taken effect. It is sent again
// only where HTTP defines that a second one has no further effect.
func maybeApplied(why reason, method string) decision {
	if !protocol.IsIdempotent(method) {
		why = reasonOutcomeUnknown
	}
	return decision{reason: why, again: protocol.IsIdempotent(method), unknown: protocol.ChangesState(method), kind: ErrUnavailable}
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
