package contract

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// probe sends requests to a target and writes down what it finds.
type probe struct {
	ctx    context.Context // of the verification; cleaning up has one of its own
	stop   context.CancelCauseFunc
	silent int // attempts in a row without an answer
	// whether an attempt may have been sent that may make a key
	posted bool
	// whether an attempt may have made a key whose ID nobody got
	lost     bool
	base     string
	client   *http.Client
	settings verifySettings
	report   *Report
	self     identity
	// added to the local clock, so that a local clock that is wrong is not the target's fault
	clock  time.Duration
	prefix string          // of the names of the keys it makes
	kept   map[string]bool // IDs, lower case, that must not be deleted
	made   map[string]fate // keys that are not deleted yet, by ID
	told   map[string]bool // IDs, lower case, of all keys that it has made as far as it knows
	late   map[string]bool // lists that did not show a new key in time, by path
	named  int
}

// fate is what has become of a key that was made.
type fate struct {
	tried bool // whether it was tried to delete it
}

// identity is who a request says it is from.
type identity struct {
	keyID  string
	signer crypto.Signer
}

// attempt is a request to send.
type attempt struct {
	method      string
	path        string // below the base URL, with its query
	body        string
	contentType string
	as          identity
	// added to the time in the timestamp
	shift time.Duration
	// changes the signed headers
	edit func(http.Header)
	// signs the query as well, which is wrong
	signQuery bool
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   captured
	value  *value // of a JSON body, or nil
	// by the local clock: just before the request was dated, and just after the answer had begun
	sent, arrived time.Time
}

func (a *answer) is(status int) bool { return a != nil && a.status == status }

func (a *answer) succeeded() bool { return a != nil && a.status >= 200 && a.status <= 299 }

// mayHaveExpired reports whether the request was so long on its way that its timestamp may have
// been too old when it came.
func (a *answer) mayHaveExpired() bool { return a.arrived.Sub(a.sent) > maxSkew }

// text returns a string member of the answer.
func (a *answer) text(name string) string {
	if a == nil || a.value == nil {
		return ""
	}
	if found := a.value.member(name); found != nil && found.kind == stringKind {
		return found.text
	}
	return ""
}

// try makes one check and returns the answer, nil if there was none.
func (p *probe) try(op *operation, name string, a attempt, want wanted) *answer {
	if p.ctx.Err() != nil {
		return nil
	}
	check := Check{Name: name, Request: a.method + " " + safePath(strings.Split(a.path, "?")[0])}
	if op != nil {
		check.Operation = op.id
	}
	began := time.Now()
	got, err := p.send(p.ctx, a)
	check.Duration = time.Since(began)
	switch {
	case err != nil && p.ctx.Err() != nil:
		return nil
	case err != nil:
		check.add(Breaking, "no answer: "+describeError(err))
		p.countSilence(err)
	default:
		p.silent = 0
		check.Status = got.status
		check.judge(op, got, want, a)
	}
	p.write(check)
	return got
}

// countSilence gives up on a target that answers nothing any more, not even a list: with a
// timeout each, the checks that are left would take hours.
func (p *probe) countSilence(err error) {
	if p.silent++; p.silent < maxSilent {
		return
	}
	if _, listErr := p.send(p.ctx, get("/api_keys")); listErr != nil {
		p.stop(fmt.Errorf("%w: it does not answer: %w", ErrTarget, err))
	}
	p.silent = 0
}

// find adds a deviation to a check of its own, about something other than one answer.
func (p *probe) find(op *operation, name string, a attempt, status int, severity Severity, text string) {
	check := Check{Operation: op.id, Name: name, Request: a.method + " " + safePath(a.path), Status: status}
	if text != "" {
		check.add(severity, text)
	}
	p.write(check)
}

func (p *probe) write(check Check) {
	p.report.Checks = append(p.report.Checks, check)
	if p.settings.progress != nil {
		p.settings.progress(check)
	}
}

// send sends an attempt, again after a 429, and once more after a 401 that may be due to a
// machine or a network that stood still.
func (p *probe) send(ctx context.Context, a attempt) (*answer, error) {
	again := false
	for tries := 1; ; tries++ {
		got, err := p.sendOnce(ctx, a)
		switch {
		case err != nil || tries == maxRateLimited:
			return got, err
		case got.is(http.StatusTooManyRequests):
			if err := wait(ctx, retryAfter(got.header, p.settings.rateWait)); err != nil {
				return nil, err
			}
		case got.is(http.StatusUnauthorized) && got.mayHaveExpired() && !again:
			again = true
		default:
			return got, nil
		}
	}
}

func (p *probe) sendOnce(ctx context.Context, a attempt) (*answer, error) {
	sent := time.Now()
	r, err := p.request(ctx, a)
	if err != nil {
		return nil, err
	}
	isPost := a.method == http.MethodPost
	response, err := p.client.Do(r)
	mayHaveCome := isPost && !neverLeft(err)
	p.posted = p.posted || mayHaveCome
	if err != nil {
		p.lost = p.lost || mayHaveCome
		return nil, err
	}
	arrived := time.Now()
	defer func() { _ = response.Body.Close() }()
	body, _ := capture(response.Body, response.ContentLength, DefaultMaxBodyBytes)
	got := &answer{status: response.StatusCode, header: response.Header, body: body, sent: sent, arrived: arrived}
	if parsed, err := parse(body.data); err == nil || errors.Is(err, errTrailing) {
		got.value = &parsed
	}
	if isPost {
		p.remember(got)
	}
	return got, nil
}

// neverLeft reports whether err says that there was no connection to send a request on.
func neverLeft(err error) bool {
	failed, ok := errors.AsType[*net.OpError](err)
	return ok && (failed.Op == "dial" || failed.Op == "proxyconnect")
}

// idForm is what an ID must look like to be put into a path. A broken server may have IDs that
// are no UUIDs, and the keys it makes must be deleted all the same.
var idForm = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z_-]{0,63}$`)

// remember keeps the ID of every key that the answer to a POST says was made, wanted or not, and
// notes an answer that leaves open whether one was made, or which.
func (p *probe) remember(got *answer) {
	id := got.text(keyIDProperty)
	usable := idForm.MatchString(id) && !p.kept[strings.ToLower(id)]
	p.lost = p.lost || got.body.err != nil || got.status >= 500 || got.succeeded() && !usable
	if got.succeeded() && usable {
		p.madeKey(id)
	}
}

func (p *probe) madeKey(id string) {
	p.made[id] = fate{}
	p.told[strings.ToLower(id)] = true
}

func (p *probe) request(ctx context.Context, a attempt) (*http.Request, error) {
	var body io.Reader
	if a.body != "" {
		body = bytes.NewReader([]byte(a.body))
	}
	r, err := http.NewRequestWithContext(ctx, a.method, p.base+a.path, body)
	if err != nil {
		return nil, err
	}
	if a.contentType != "" {
		r.Header.Set("Content-Type", a.contentType)
	}
	if a.as.signer == nil {
		a.as = p.self
	}
	path := protocol.Path(r.URL)
	if a.signQuery {
		path = r.URL.RequestURI()
	}
	timestamp := protocol.Timestamp(time.Now().Add(p.clock + a.shift))
	signed, err := protocol.Sign(a.as.signer, timestamp, a.method, path)
	if err != nil {
		return nil, err
	}
	r.Header.Set(protocol.HeaderKey, a.as.keyID)
	r.Header.Set(protocol.HeaderTimestamp, timestamp)
	r.Header.Set(protocol.HeaderSignature, signed)
	if a.edit != nil {
		a.edit(r.Header)
	}
	return r, nil
}

func retryAfter(header http.Header, otherwise time.Duration) time.Duration {
	seconds, err := strconv.Atoi(header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return otherwise
	}
	return min(time.Duration(seconds)*time.Second, maxRateLimitWait)
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// settles asks until reached says yes, and reports whether it did when it was asked after the
// settle time, if not before. When an answer comes does not count: the target may have given it
// within the settle time, and the way or this machine may be slow.
func (p *probe) settles(ctx context.Context, reached func() bool) bool {
	deadline := time.Now().Add(p.settings.settle)
	for {
		last := time.Now().After(deadline)
		switch {
		case reached():
			return true
		case last || wait(ctx, pollInterval) != nil:
			return false
		}
	}
}

// describeError names what went wrong without the URL, which is in the report already.
func describeError(err error) string {
	if inner, ok := errors.AsType[*url.Error](err); ok {
		err = inner.Err
	}
	return shorten(err.Error(), maxExpected)
}
