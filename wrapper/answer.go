package wrapper

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"time"
)

// A layer sends a request and hands up the answer. It may change the request, which is a clone
// that retry made for this attempt.
type layer func(req *http.Request) answer

// answer is everything that one attempt learned: the response, or why none came.
type answer struct {
	// response is nil if no status arrived. Its Body reads the same bytes as body.
	response *http.Response
	body     []byte
	// said is what the service says about a failure, zero for every other answer.
	said errorBody
	// err says why there is no answer, or why the body of response is missing.
	err      error
	delivery delivery
	// selfCheck examines the signature that was answered with a 401.
	selfCheck selfCheck
	// skew is how far the local clock was behind when the service refused the timestamp.
	skew time.Duration
	// offset is by how much the local clock, being behind, is corrected.
	offset time.Duration
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

func (a *answer) refusesTimestamp() bool {
	return a.status() == http.StatusUnauthorized && a.said.code == codeTimestampExpired
}

// hiddenBody is the body of a response as the caller gets it: in memory, and hidden from printers,
// because it may hold a private key.
type hiddenBody struct{ *bytes.Reader }

func (hiddenBody) Close() error { return nil }

func (hiddenBody) Format(state fmt.State, _ rune) {
	_, _ = io.WriteString(state, "[body]")
}
