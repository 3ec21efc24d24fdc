package doctor

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// checkService looks at who answers a request without credentials. The service does so with a
// 401 in JSON (source: observed).
func (e *examination) checkService(context.Context) Check {
	status := e.contact.StatusCode
	media, _, _ := strings.Cut(e.contact.Header.Get("Content-Type"), ";")
	answer := fmt.Sprintf("a request without credentials was answered with HTTP %d (%s)", status, media)
	switch {
	case status == http.StatusUnauthorized && media == "application/json":
		return fine("it answers a request without credentials with 401, as it should")
	case status == http.StatusNotFound:
		return problem(wrapper.ErrNotFound, answer, "Nothing is there: the base URL must end in "+protocol.BasePath)
	case status == http.StatusForbidden:
		return problem(wrapper.ErrForbidden, answer,
			"It was refused before anyone looked for a signature: check whether this network or country is let through")
	case status == http.StatusTooManyRequests:
		return warning(answer, "Send fewer requests per second from this address")
	case status >= http.StatusInternalServerError:
		return unavailable(answer, "The service, or a proxy before it, fails: try again later")
	case status >= http.StatusMultipleChoices && status < http.StatusBadRequest:
		return unavailable(answer+redirectTarget(e.contact.Response),
			"Set the base URL to where it leads: redirects are not followed")
	}
	return unavailable(answer, "It is not the service that answers: look for a proxy or a network's sign-in page")
}

// redirectTarget shows only the host of a foreign URL: a sign-in page may put what identifies a
// session into the rest.
func redirectTarget(response *http.Response) string {
	target, err := response.Location()
	if err != nil {
		return ""
	}
	if !strings.HasPrefix(target.Path, protocol.BasePath) {
		target.Path = ""
	}
	return ", leading to " + target.Scheme + "://" + target.Host + target.Path
}

// Differences to the service's clock. Its Date is cut to seconds, so a difference of a second or so
// says nothing. 10 s either way are accepted, 30 s behind are refused (source: observed).
const (
	clockNoise    = 2 * time.Second
	clockAccepted = 10 * time.Second
)

func (e *examination) checkClock(context.Context) Check {
	// The Date was written some time between, which makes this much of the difference uncertain.
	uncertain := e.contact.arrived.Sub(e.contact.asked) / 2
	behind, ok := protocol.ClockOffset(e.contact.Header.Get("Date"), e.contact.asked.Add(uncertain))
	if !ok {
		return unchecked("the answer has no Date")
	}
	if age := e.contact.Header.Get("Age"); age != "" && age != "0" {
		return unchecked("the answer came from a cache")
	}
	return judgeClock(behind, uncertain)
}

// judgeClock blames the clock only for the part of the difference that is certain.
func judgeClock(behind, uncertain time.Duration) Check {
	certain := behind.Abs() - uncertain
	if certain <= clockNoise {
		return fine(fmt.Sprintf("agrees with the service's to within %.0f seconds, which is as exact as this check is",
			(clockNoise + uncertain).Seconds()))
	}
	direction := "behind"
	if behind < 0 {
		direction = "ahead of"
	}
	text := fmt.Sprintf("%.0f seconds %s the service's", behind.Abs().Seconds(), direction)
	const advice = "Turn on time synchronisation: timedatectl set-ntp true, or on Windows w32tm /resync"
	if certain <= clockAccepted {
		return warning(text+"; up to 10 are accepted", advice)
	}
	return problem(wrapper.ErrUnauthenticated, text+"; up to 10 are accepted, and 30 are refused",
		advice+". This library corrects the time by itself; other programs do not")
}
