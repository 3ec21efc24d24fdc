package wrapper

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// hintFor says in plain words what to do about an error. The first matching line wins, so the
// ones that prevent harm come first.
func hintFor(e *Error, c *call) string {
	switch {
	case e.is(ErrOutcomeUnknown):
		return outcomeUnknownHint(c.operation)
	case e.is(ErrInsecure):
		return certificateHint(e.cause)
	case e.is(ErrUnauthenticated):
		return unauthenticatedHint(e, c)
	case e.is(ErrForbidden):
		return forbiddenHint(c.operation)
	case e.is(ErrNotFound):
		return notFoundHint(e, c.operation)
	case e.is(ErrConflict):
		return "The bound subtrader is not visible yet: try again later"
	case e.is(ErrRateLimited):
		return rateLimitHint(e.RetryAfter)
	case e.is(ErrInvalidRequest):
		return "Correct the request; the same one will be refused again"
	case e.is(ErrUnavailable):
		return unavailableHint(e.cause)
	case e.is(ErrUnexpectedResponse):
		return unexpectedHint(e)
	case errors.Is(e.cause, context.DeadlineExceeded):
		return "The context's deadline passed before an answer came; nothing was changed. Give the call more time, or try again later"
	case errors.Is(e.cause, context.Canceled):
		return "The context was cancelled before an answer came; nothing was changed"
	}
	return ""
}

// unsentHint tells the request that is refused here from the one whose answer redirects to it.
func unsentHint(e *Error) string {
	switch {
	case e.is(ErrOutcomeUnknown):
		return "The redirect answers a request that was sent and may have taken effect: look before you repeat it"
	case e.is(ErrUnexpectedResponse):
		return "The redirect answers a request that was sent; the one that would follow was not"
	}
	return "Nothing was sent"
}

func outcomeUnknownHint(op protocol.Operation) string {
	switch op {
	case protocol.GenerateAPIKey:
		return "A key may be live whose private half was lost. Do not generate again before you have listed the keys " +
			"and deleted one of this name that you do not hold"
	case protocol.CreateAPIKey:
		return "The key may be live. Do not create it again before you have listed the keys and looked for its name"
	case protocol.DeleteAPIKey:
		return "The key may be deleted or not: list the keys, and delete again if it is still there"
	}
	return "The request may have taken effect: look before you repeat it"
}

func certificateHint(cause error) string {
	const nothingSent = "The server's certificate does not verify, so nothing was sent: "
	if isType[x509.HostnameError](cause) {
		return nothingSent + "it is for another host; check the host name and what it resolves to"
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](cause); ok && invalid.Reason == x509.Expired {
		return nothingSent + "it has expired or is not valid yet; check this machine's date"
	}
	return nothingSent + "check the host name, this machine's root certificates and whether a proxy intercepts TLS"
}

func forbiddenHint(op protocol.Operation) string {
	switch op {
	case protocol.CreateAPIKey:
		return "Creating a key from a public key needs the Premier or Market Maker usage level, fcm_subtrader_id " +
			"an FCM member, and the key that signs its scopes; generate works on every level"
	case protocol.GenerateAPIKey:
		return "fcm_subtrader_id is for FCM members: leave it out. Without it, the scopes of the key that signs do not allow this"
	}
	return "The account or the key's scopes do not allow this"
}

func notFoundHint(e *Error, op protocol.Operation) string {
	switch {
	case op == protocol.DeleteAPIKey && !e.FromService():
		return "The answer is not the service's own, so the key may still be live: the base URL must end in " + protocol.BasePath +
			", and nothing on the way may answer in the service's place"
	case op == protocol.DeleteAPIKey:
		return "No key of this account has the ID: it was deleted before, or belongs to another account or environment"
	case op == "":
		return ""
	}
	return "The service does not know this route: the base URL must end in " + protocol.BasePath
}

func rateLimitHint(wait time.Duration) string {
	if wait > 0 {
		return fmt.Sprintf("Too many requests: wait %s, then send fewer", wait)
	}
	return "Too many requests: send fewer per second"
}

// unavailableHint looks at the types of a cause, from the most telling on. A failing proxy may
// itself be a name that does not resolve.
func unavailableHint(cause error) string {
	operation, isNetwork := errors.AsType[*net.OpError](cause)
	switch {
	case cause == nil:
		return "The service failed; nothing was changed. Try again later"
	case isType[*lateError](cause):
		return "Signing took longer than an attempt may take, so nothing was sent: look at what signs, or set Retry.AttemptTimeout"
	case isNetwork && operation.Op == "proxyconnect":
		return "The proxy cannot be reached: check HTTPS_PROXY, or list the host in NO_PROXY"
	case isType[*net.DNSError](cause):
		return "The host name could not be resolved: check the base URL, then this machine's network and DNS"
	case isType[tls.RecordHeaderError](cause):
		return "The server does not speak TLS there: check the scheme and the port of the base URL"
	case isDialError(cause):
		return "The host could not be reached: check the base URL, the network and any firewall"
	case isTimeout(cause):
		return "No answer came in time; nothing was changed. Try again later"
	}
	return "The connection was lost before the answer; nothing was changed. Try again later"
}

func unexpectedHint(e *Error) string {
	if e.StatusCode >= http.StatusMultipleChoices && e.StatusCode < http.StatusBadRequest {
		return "The service redirects, and redirects are not followed: check the base URL, without a slash at its end"
	}
	return "The answer is not what the contract says: something between here and the service may have answered, " +
		"or the contract has changed"
}
