package wrapper

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"

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
	reasonTimestampAgain reason = "timestamp refused again"
	reasonServerError    reason = "server error"
	reasonNeverSent      reason = "never sent"
	reasonConnectionLost reason = "connection lost after sending"
	reasonTimeout        reason = "attempt timed out"
	reasonUnsendable     reason = "refused before sending"
	reasonCertificate    reason = "certificate does not verify"
	reasonTooLarge       reason = "response too large"
	reasonContextEnded   reason = "context ended"
)

// Reasons that overrule a retry.
const (
	reasonOutcomeUnknown reason = "outcome unknown, not sent twice"
	reasonAttemptsUsedUp reason = "attempts used up"
	reasonRetryAfter     reason = "Retry-After is beyond the cap"
	reasonNoReplay       reason = "body cannot be replayed"
)

// result is what one attempt came to: a response or an error, never both.
type result struct {
	response *http.Response
	err      error
	// neverSent is true only where it is certain that no byte of the request went out.
	neverSent bool
	// sentTwice: the transport sent the request again by itself.
	sentTwice bool
	// ended is true when the caller's context has ended.
	ended bool
}

// verdict is what the retry table says about a result.
type verdict struct {
	reason reason
	// again: the request may be sent once more.
	again bool
	// unknown: the request may have taken effect.
	unknown bool
}

// decide is the retry table. It looks at types, statuses and codes, never at texts.
func decide(op protocol.Operation, method string, r result) verdict {
	if r.err != nil {
		return decideFailure(method, r)
	}
	status := r.response.StatusCode
	switch {
	case status >= http.StatusInternalServerError:
		return maybeApplied(reasonServerError, method)
	case status == http.StatusTooManyRequests:
		return verdict{reason: reasonRateLimited, again: true}
	case status == http.StatusConflict && op.MakesKey():
		return verdict{reason: reasonNotYetVisible, again: true}
	case refusesTimestamp(r.response):
		return verdict{reason: reasonTimestamp, again: true}
	case status >= http.StatusBadRequest:
		return verdict{reason: reasonRefused}
	}
	return verdict{reason: reasonAnswered}
}

func decideFailure(method string, r result) verdict {
	switch {
	case isType[*unsentError](r.err):
		return verdict{reason: reasonUnsendable}
	case isCertificateError(r.err):
		return verdict{reason: reasonCertificate}
	case errors.Is(r.err, errTooLarge):
		return verdict{reason: reasonTooLarge, unknown: protocol.ChangesState(method)}
	case r.ended:
		return verdict{reason: reasonContextEnded, unknown: protocol.ChangesState(method) && !r.neverSent}
	case r.neverSent:
		return verdict{reason: reasonNeverSent, again: true}
	case isTimeout(r.err):
		return maybeApplied(reasonTimeout, method)
	}
	return maybeApplied(reasonConnectionLost, method)
}

// maybeApplied is the row of the table where it is open whether the request took effect.
func maybeApplied(why reason, method string) verdict {
	if !protocol.IsIdempotent(method) {
		why = reasonOutcomeUnknown
	}
	return verdict{reason: why, again: protocol.IsIdempotent(method), unknown: protocol.ChangesState(method)}
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
