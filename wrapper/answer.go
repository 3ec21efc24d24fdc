package wrapper

import (
	"net/http"
	"time"
)

// A layer sends a request and hands up the answer. It may change the request, which is a clone
// that retry made for this attempt.
// The local clock is taken to be behind the service's by offset.
type layer func(req *http.Request, offset time.Duration) answer

// answer is everything that one attempt learned: the response, or why none came.
type answer struct {
	// response is nil if no status arrived. Its Body is body, if that was read.
	response *http.Response
	body     *heldBody
	// said is what the service says about a failure, zero for every other answer.
	said errorBody
	// err says why there is no answer, or why the body of response is missing.
	err      error
	delivery delivery
	// deadline is when the time of the attempt ends, which includes decoding the answer.
	deadline time.Time
	// selfCheck examines the signature that was answered with a 401.
	selfCheck selfCheck
	// wrote is when the request went out, zero if the transport does not tell.
	wrote time.Time
	// clock is what the answer says about the local clock, if the service refused the timestamp.
	clock clockReading
}

// delivery says whether a request went out.
type delivery int

const (
	// maybeSent: some of the request may have gone out.
	maybeSent delivery = iota
	// sentTwice: the HTTP transport sent the request again by itself.
	sentTwice
	// neverSent: certainly nothing went out. The next attempt may succeed.
	neverSent
	// refusedHere: nothing went out, and another attempt would be refused in the same way.
	refusedHere
)

// refuse returns the answer to a request that is not sent.
func refuse(req *http.Request, why error) answer {
	closeBody(req)
	return answer{err: why, delivery: refusedHere}
}

// status returns the HTTP status, 0 if none arrived.
func (a *answer) status() int {
	if a.response == nil {
		return 0
	}
	return a.response.StatusCode
}

// acceptsTimestamp reports whether the service looked beyond the request's identity.
func (a *answer) acceptsTimestamp() bool {
	status := a.status()
	return status > 0 && status < http.StatusInternalServerError && status != http.StatusUnauthorized && status != http.StatusTooManyRequests
}

func (a *answer) refusesTimestamp() bool {
	return a.status() == http.StatusUnauthorized && a.said.code == codeTimestampExpired
}
