package wrapper

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// A hint says in plain words what to do about an error of some kind.
type hint struct {
	kind error
	say  func(e *Error, c *call) string
}

// hintFor returns the hint of the first row that matches, so the rows that prevent harm come first.
func hintFor(e *Error, c *call) string {
	if c.attempts == 0 {
		return nothingSentHint(e)
	}
	for _, row := range []hint{
		{ErrOutcomeUnknown, outcomeUnknownHint},
		{ErrAlreadyExists, always("The order with this client_order_id is there: by an earlier attempt of this call, unless the ID " +
			"was used before. Read it, and place no other")},
		{ErrInsecure, certificateHint},
		{ErrUnauthenticated, unauthenticatedHint},
		{ErrForbidden, forbiddenHint},
		{ErrNotFound, notFoundHint},
		{ErrConflict, conflictHint},
		{ErrRateLimited, rateLimitHint},
		{ErrInvalidRequest, ofService("Correct the request; the same one will be refused again")},
		{ErrUnavailable, unavailableHint},
		{ErrUnexpectedResponse, unexpectedHint},
		{context.Canceled, always("The context was cancelled before an answer came; nothing was changed")},
		{context.DeadlineExceeded, always("The context's deadline passed before an answer came; nothing was changed. " +
			"Give the call more time, or try again later")},
	} {
		if e.is(row.kind) {
			return row.say(e, c) + patienceHint(e, c)
		}
	}
	return ""
}

// patienceHint says why the call did not wait for another attempt.
func patienceHint(e *Error, c *call) string {
	switch c.reason {
	case ReasonRetryAfter:
		return ". This call did not wait: the " + readable(e.RetryAfter) + " of Retry-After are beyond what Retry.MaxRetryAfter allows"
	case ReasonDeadline:
		return ". This call did not wait: the context's deadline comes before the next attempt"
	case ReasonTooLate:
		return ". This call did not wait: another attempt would come later than Retry.MaxDelay (" + c.policy.MaxDelay.String() + ") allows"
	}
	return ""
}

func always(text string) func(*Error, *call) string {
	return func(*Error, *call) string { return text }
}

// notTheService is the hint of a refusal that is not in the service's own form.
const notTheService = "The answer is not in the service's own form, so it says nothing of the request, the account or the key: " +
	"look for a proxy, a firewall or a content network that turns requests down, by country or address for instance"

// ofService gives a hint only to what the service itself has answered.
func ofService(text string) func(*Error, *call) string {
	return func(e *Error, _ *call) string {
		if !e.FromService() {
			return notTheService
		}
		return text
	}
}

// outcomeUnknownHint tells a refusal that an earlier attempt of the call may explain from an outcome of which
// nothing is known.
func outcomeUnknownHint(e *Error, c *call) string {
	if c.operation == "" && c.earlierUnknown && c.status()/100 == 4 {
		return "An earlier attempt of this call may have taken effect, which could be why the last was refused: look before you repeat it"
	}
	return byOperation(outcomeUnknownHints)(e, c)
}

func conflictHint(e *Error, c *call) string {
	if c.operation == "" {
		return ofService("What the request would make or change is there already or in another state: look at it before you repeat the request")(e, c)
	}
	return ofService("The bound subtrader is not visible yet: try again later")(e, c)
}

func forbiddenHint(e *Error, c *call) string {
	return ofService(byOperation(forbiddenHints)(e, c))(e, c)
}

func byOperation(texts map[protocol.Operation]string) func(*Error, *call) string {
	return func(_ *Error, c *call) string { return cmp.Or(texts[c.operation], texts[""]) }
}

// nothingSentHint tells a request that is refused here from one that would follow a redirect: the
// request that was redirected did go out.
func nothingSentHint(e *Error) string {
	switch {
	case e.is(ErrOutcomeUnknown):
		return "The redirect answers a request that was sent and may have taken effect: look before you repeat it"
	case e.is(ErrUnexpectedResponse):
		return "The redirect answers a request that was sent; the one that would follow was not"
	}
	return "Nothing was sent"
}

var outcomeUnknownHints = map[protocol.Operation]string{
	protocol.GenerateAPIKey: "A key may be live whose private half was lost. Do not generate again before you have listed the keys " +
		"and deleted one of this name that you do not hold",
	protocol.CreateAPIKey: "The key may be live. Do not create it again before you have listed the keys and looked for its name",
	protocol.DeleteAPIKey: "The key may be deleted or not: list the keys, and delete again if it is still there",
	"":                    "The request may have taken effect: look before you repeat it",
}

var forbiddenHints = map[protocol.Operation]string{
	protocol.CreateAPIKey: "Creating a key from a public key needs the Premier or Market Maker usage level, fcm_subtrader_id " +
		"an FCM member, and the key that signs its scopes; generate works on every level",
	protocol.GenerateAPIKey: "fcm_subtrader_id is for FCM members: leave it out. Without it, the scopes of the key that signs do not allow this",
	"":                      "The account or the key's scopes do not allow this",
}

func certificateHint(e *Error, _ *call) string {
	const nothingSent = "The server's certificate does not verify, so nothing was sent: "
	if isType[x509.HostnameError](e.cause) {
		return nothingSent + "it is for another host; check the host name and what it resolves to"
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](e.cause); ok && invalid.Reason == x509.Expired {
		return nothingSent + "it has expired or is not valid yet; check this machine's date"
	}
	return nothingSent + "check the host name, this machine's root certificates and whether a proxy intercepts TLS"
}

func notFoundHint(e *Error, c *call) string {
	switch {
	case c.operation == "":
		return ofService("Nothing is there: look at the path and at the IDs in it")(e, c)
	case c.operation != protocol.DeleteAPIKey:
		return "The service does not know this route: the base URL must end in " + protocol.BasePath
	case e.FromService():
		return "No key of this account has the ID: it was deleted before, or belongs to another account or environment"
	}
	return "The answer is not the service's own, so the key may still be live: the base URL must end in " + protocol.BasePath +
		", and nothing on the way may answer in the service's place"
}

func rateLimitHint(e *Error, _ *call) string {
	if e.RetryAfter > 0 {
		return "Too many requests: wait " + readable(e.RetryAfter) + ", then send fewer"
	}
	return "Too many requests: send fewer per second"
}

// unavailableHint looks at the types of the cause, the most telling first: a proxy that cannot be
// reached may itself be a name that does not resolve.
func unavailableHint(e *Error, _ *call) string {
	operation, isNetwork := errors.AsType[*net.OpError](e.cause)
	proxy, isProxy := errors.AsType[*proxyError](e.cause)
	switch cause := e.cause; {
	case cause == nil:
		return "The service failed; nothing was changed. Try again later"
	case errors.Is(cause, ErrNotSent):
		return "The HTTP transport did not send the request"
	case errors.Is(cause, errSignedLate):
		return "Signing took longer than an attempt may take, so nothing was sent: look at what signs, or set Retry.AttemptTimeout"
	case isProxyLogin(cause):
		return "The proxy " + proxy.proxy + " wants a user name and password, so nothing was sent: give them in HTTPS_PROXY"
	case isProxy:
		return "The proxy " + proxy.proxy + " does not connect to the service, so nothing was sent: " +
			"have it allow the host, or list the host in NO_PROXY"
	case isNetwork && operation.Op == "proxyconnect":
		return "The proxy cannot be reached: check HTTPS_PROXY, or list the host in NO_PROXY"
	case isType[*net.DNSError](cause):
		return "The host name could not be resolved: check the base URL, then this machine's network and DNS"
	case isOldTLS(cause):
		return "The server speaks only TLS 1.1 or older, so nothing was sent: the service speaks TLS 1.2 and 1.3, so look for an old proxy " +
			"or virus scanner that answers in its place"
	case isType[tls.RecordHeaderError](cause):
		return "The server does not speak TLS there: check the scheme and the port of the base URL"
	case isDialError(cause):
		return "The host could not be reached: check the base URL, the network and any firewall"
	case isTimeout(cause):
		return "No answer came in time; nothing was changed. Try again later"
	}
	return "The connection was lost before the answer; nothing was changed. Try again later"
}

// isOldTLS tells by the text: crypto/tls has no type for it, neither where it refuses the server's
// version nor where the server refuses the client's.
func isOldTLS(err error) bool {
	return strings.Contains(err.Error(), "tls: server selected unsupported protocol version") ||
		strings.Contains(err.Error(), "tls: protocol version not supported")
}

func unexpectedHint(e *Error, _ *call) string {
	if e.StatusCode >= http.StatusMultipleChoices && e.StatusCode < http.StatusBadRequest {
		return "The service redirects, and redirects are not followed: check the base URL, without a slash at its end"
	}
	return "The answer is not what the contract says: something between here and the service may have answered, " +
		"or the contract has changed"
}

// unauthenticatedHint also names a clock that had to be corrected on the way: other programs on
// the machine do not correct it.
func unauthenticatedHint(e *Error, c *call) string {
	switch {
	case e.is(ErrClockSkew):
		return clockHint(c)
	case c.offset != 0:
		return causeHint(e, c) + ". This machine's clock is " + skewText(c.offset) + " the service's, which was corrected here"
	}
	return causeHint(e, c)
}

// causeHint tells causes apart by codes on which the client decides nothing (source: observed).
func causeHint(e *Error, c *call) string {
	switch {
	case e.is(ErrBadSignature) && c.selfCheck != nil:
		return c.selfCheck()
	case e.is(ErrBadSignature):
		return "The private key does not belong to this key ID, or another text was signed than timestamp, method and path"
	case e.is(ErrUnknownKey):
		return "This environment does not know the key ID: it was deleted, or belongs to another environment " +
			"(a demo key does not work on production). Do not retry with it"
	case e.is(ErrMalformedKeyID):
		return "The key ID is not one the service can read: copy it again, without quotes or brackets"
	case e.Code == "token_authentication_failure":
		return "The service saw none of the three KALSHI-ACCESS headers: look for a proxy that removes them"
	case e.Code == "signature_is_missing_from_headers":
		return "The service did not see the KALSHI-ACCESS-SIGNATURE header: look for a proxy that removes it"
	}
	return "The service did not say why. Check the key's scopes, and whether a proxy removes the KALSHI-ACCESS headers " +
		"or answers in the service's place"
}

func clockHint(c *call) string {
	switch {
	case c.clock.held > 0:
		return "The request was on its way for " + readable(c.clock.held) + " after it was signed, so its timestamp had passed: " +
			"look for what holds requests back, such as a limiter below the signature"
	case c.clock.skew == 0:
		return "The service refused the timestamp, but its Date header agrees with this machine's clock: " +
			"look for something that holds requests back for many seconds"
	case !c.clock.believed:
		return "This machine's clock is " + skewText(c.clock.skew) + " the answer's Date, which is not believed when it is so far off " +
			"or outside the validity of the server's certificate: set the clock (NTP), or see WithMaxClockCorrection"
	}
	text := "This machine's clock is " + skewText(c.clock.skew) + " the service's: turn on time synchronisation (NTP)"
	if c.signedAfresh {
		text += ". Correcting for it did not help, so look also for something that holds requests back"
	}
	return text
}

// skewText says how far a clock is off that is behind by d.
func skewText(d time.Duration) string {
	direction := "behind"
	if d < 0 {
		direction = "ahead of"
	}
	return readable(d.Abs()) + " " + direction
}

// readable writes a duration to the second, and a long one in days or years.
func readable(d time.Duration) string {
	const day, year = 24 * time.Hour, 365 * 24 * time.Hour
	switch {
	case d >= 2*year:
		return fmt.Sprintf("more than %d years", d/year)
	case d >= 2*day:
		return fmt.Sprintf("%d days", d/day)
	}
	return d.Round(time.Second).String()
}
