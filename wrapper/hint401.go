package wrapper

import (
	"fmt"
	"time"
)

// unauthenticatedHint says what to do about a 401, and names a clock that had to be corrected
// on the way: other programs on the machine do not correct it.
func unauthenticatedHint(e *Error, c *call) string {
	hint := causeHint(e, c)
	if c.offset == 0 || e.is(ErrClockSkew) {
		return hint
	}
	return hint + ". This machine's clock is " + skewText(c.offset) + " the service's, which was corrected here"
}

func causeHint(e *Error, c *call) string {
	switch {
	case e.is(ErrClockSkew):
		return clockHint(c)
	case e.is(ErrBadSignature) && c.selfCheck != nil:
		return c.selfCheck()
	case e.is(ErrBadSignature):
		return "Check that the private key belongs to this key ID"
	case e.is(ErrUnknownKey):
		return "This environment does not know the key ID: it was deleted, or belongs to another environment " +
			"(a demo key does not work on production). Do not retry with it"
	case e.is(ErrMalformedKeyID):
		return "The key ID is not one the service can read: copy it again, without quotes or brackets"
	case e.Code == codeNoHeaders:
		return "The service saw none of the three KALSHI-ACCESS headers: look for a proxy that removes them"
	case e.Code == codeNoSignature:
		return "The service did not see the KALSHI-ACCESS-SIGNATURE header: look for a proxy that removes it"
	}
	return "The service did not say why. Check the key's scopes, and whether a proxy removes the KALSHI-ACCESS headers " +
		"or answers in the service's place"
}

// Codes that hints tell apart. The client decides nothing on them (source: observed).
const (
	codeNoHeaders   = "token_authentication_failure"
	codeNoSignature = "signature_is_missing_from_headers"
)

func clockHint(c *call) string {
	if c.skew == 0 {
		return "The service refused the timestamp, yet its Date header agrees with this machine's clock: " +
			"look for something that holds requests back for many seconds"
	}
	hint := "This machine's clock is " + skewText(c.skew) + " the service's: turn on time synchronisation (NTP)"
	if c.signedAfresh {
		hint += ". Correcting for it did not help, so look also for something that holds requests back"
	}
	return hint
}

// skewText says how far a clock is off that is behind by d.
func skewText(d time.Duration) string {
	direction := "behind"
	if d < 0 {
		direction = "ahead of"
	}
	return fmt.Sprintf("%s %s", d.Abs().Round(time.Second), direction)
}
