package wrapper

import (
	"fmt"
	"net/http"
	"time"
)

// hintFor says in plain words what to do about an error. The first matching line wins, so the
// ones that prevent harm come first.
func hintFor(e *Error, c *call) string {
	switch {
	case e.is(ErrOutcomeUnknown):
		return outcomeUnknownHint(c.operation)
	case e.is(ErrInsecure):
		return "The server's certificate does not verify, so nothing was sent: check the host name, " +
			"this machine's root certificates and whether a proxy intercepts TLS"
	case e.is(ErrClockSkew):
		return clockHint(c)
	case e.is(ErrBadSignature):
		return "Check that the private key belongs to this key ID, and that the signed path starts at the root " +
			"of the host (/trade-api/v2/…) and leaves out the query"
	case e.is(ErrUnknownKey):
		return "This environment does not know the key ID: it was deleted, or belongs to another environment " +
			"(a demo key does not work on production). Do not retry with it"
	case e.is(ErrMalformedKeyID):
		return "The key ID is not one the service can read: copy it again, without quotes or brackets"
	case e.is(ErrUnauthenticated):
		return "The service did not see all three KALSHI-ACCESS headers: check whether a proxy removes them"
	}
	return hintForStatus(e, c)
}

func hintForStatus(e *Error, c *call) string {
	switch {
	case e.is(ErrForbidden):
		return forbiddenHint(c.operation)
	case e.is(ErrNotFound):
		return notFoundHint(c.operation)
	case e.is(ErrConflict):
		return "The bound subtrader is not visible yet: try again later"
	case e.is(ErrRateLimited):
		return rateLimitHint(e.RetryAfter)
	case e.is(ErrInvalidRequest):
		return "Correct the request; the same one will be refused again"
	case e.is(ErrUnavailable):
		return "The service could not be reached or failed; nothing was changed. Try again later"
	case e.is(ErrUnexpectedResponse):
		return unexpectedHint(e)
	}
	return ""
}

func outcomeUnknownHint(op operation) string {
	switch op {
	case opGenerateAPIKey:
		return "A key may be live whose private half was lost. Do not generate again before you have listed the keys " +
			"and deleted one of this name that you do not hold"
	case opCreateAPIKey:
		return "The key may be live. Do not create it again before you have listed the keys and looked for its name"
	case opDeleteAPIKey:
		return "The key may be deleted or not: list the keys, and delete again if it is still there"
	}
	return "The request may have taken effect: look before you repeat it"
}

func clockHint(c *call) string {
	if c.skew == 0 {
		return "The service refused the timestamp, yet its Date header agrees with this machine's clock: " +
			"look for something that holds requests back for many seconds"
	}
	direction := "behind"
	if c.skew < 0 {
		direction = "ahead of"
	}
	return fmt.Sprintf("This machine's clock is %s %s the service's: turn on time synchronisation (NTP)",
		c.skew.Abs().Round(time.Second), direction)
}

func forbiddenHint(op operation) string {
	switch op {
	case opCreateAPIKey:
		return "Creating a key from a public key needs the Premier or Market Maker usage level, and fcm_subtrader_id " +
			"an FCM member; generate works on every level"
	case opGenerateAPIKey:
		return "fcm_subtrader_id is for FCM members: leave it out"
	}
	return "The account or the key's scopes do not allow this"
}

func notFoundHint(op operation) string {
	switch op {
	case opDeleteAPIKey:
		return "No key of this account has the ID: it was deleted before, or belongs to another account or environment"
	case opNone:
		return ""
	}
	return "The service does not know this route: the base URL must end in /trade-api/v2"
}

func rateLimitHint(wait time.Duration) string {
	if wait > 0 {
		return fmt.Sprintf("Too many requests: wait %s, then send fewer", wait)
	}
	return "Too many requests: send fewer per second"
}

func unexpectedHint(e *Error) string {
	if e.StatusCode >= http.StatusMultipleChoices && e.StatusCode < http.StatusBadRequest {
		return "The service redirects, and redirects are not followed: check the base URL, without a slash at its end"
	}
	return "The answer is not what the contract says: something between here and the service may have answered, " +
		"or the contract has changed"
}
