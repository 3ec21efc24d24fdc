package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// checkService looks at who answers a request without credentials. The service does so with a
// 401 in JSON (source: observed).
func (e *examination) checkService(context.Context) finding {
	probe := e.service.probe
	if probe == nil {
		return unchecked("there was no answer")
	}
	status := probe.response.StatusCode
	media, _, _ := strings.Cut(probe.response.Header.Get("Content-Type"), ";")
	answer := fmt.Sprintf("a request without credentials was answered with HTTP %d (%s)", status, media)
	switch {
	case status == http.StatusUnauthorized && media == "application/json":
		return fine("it answers a request without credentials with 401, as it should")
	case status == http.StatusNotFound:
		return problem(exitNotFound, answer, "Nothing is there: the base URL must end in "+servicePath)
	case status == http.StatusForbidden:
		return problem(exitForbidden, answer,
			"It was refused before anyone looked for a signature: check whether this network or country is let through")
	case status == http.StatusTooManyRequests:
		return warning(answer, "Send fewer requests per second from this address")
	case status >= http.StatusInternalServerError:
		return problem(exitUnavailable, answer, "The service, or a proxy before it, fails: try again later")
	case status >= http.StatusMultipleChoices && status < http.StatusBadRequest:
		return problem(exitUnavailable, answer+redirectTarget(probe.response), "Set the base URL to where it leads: redirects are not followed")
	}
	return problem(exitUnavailable, answer, "Something else than the service answers: look for a proxy or a network's sign-in page")
}

// redirectTarget shows no more of a foreign URL than its host: a sign-in page may put what
// identifies a session into the rest.
func redirectTarget(response *http.Response) string {
	target, err := response.Location()
	if err != nil {
		return ""
	}
	bare := url.URL{Scheme: target.Scheme, Host: target.Host}
	if strings.HasPrefix(target.Path, servicePath) {
		bare.Path = target.Path
	}
	return ", leading to " + bare.String()
}

// Differences to the service's clock. Its Date is cut to seconds, so a difference of
// a second or so says nothing. 10 s either way are accepted, 30 s behind are
// refused (source: observed).
const (
	clockNoise    = 2 * time.Second
	clockAccepted = 10 * time.Second
)

func (e *examination) checkClock(context.Context) finding {
	probe := e.service.probe
	if probe == nil {
		return unchecked("there was no answer to compare it with")
	}
	date, err := http.ParseTime(probe.response.Header.Get("Date"))
	if err != nil {
		return unchecked("the answer has no Date")
	}
	if age := probe.response.Header.Get("Age"); age != "" && age != "0" {
		return unchecked("the answer came from a cache")
	}
	// The Date was written some time between, which makes this much of the difference uncertain.
	half := probe.arrived.Sub(probe.asked) / 2
	behind := date.Add(time.Second / 2).Sub(probe.asked.Add(half))
	return judgeClock(behind, half)
}

// judgeClock blames the clock for no more of the difference than is certain.
func judgeClock(behind, uncertain time.Duration) finding {
	certain := behind.Abs() - uncertain
	if certain <= clockNoise {
		return fine(fmt.Sprintf("agrees with the service's to within %.0f seconds, which is as near as can be told",
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
	return problem(exitUnauthenticated, text+"; up to 10 are accepted, and 30 are refused",
		advice+". This library corrects the time by itself; other programs do not")
}
