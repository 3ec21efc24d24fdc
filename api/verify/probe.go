package verify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"kalshi.internal/apikeys/api/contract"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// probe sends requests to a target and writes down what it finds. It is used by one goroutine.
type probe struct {
	ctx      context.Context // of the verification; cleaning up has one of its own
	stop     context.CancelCauseFunc
	settings settings
	report   *Report
	base     string
	client   *http.Client
	found    violations // in the last answer
	silent   int        // attempts in a row without an answer
	self     identity
	// added to the local clock, so that a local clock that is wrong is not the target's fault
	clock time.Duration
	keys  *ledger
	tried map[string]bool // mistakes of signing, by name
	// types of keys that were made, with which mistakes of signing were made
	madeTypes map[string]bool
	late      map[string]bool // checks of [probe.eventually] that were not fulfilled in time, by name
}

func newProbe(ctx context.Context, target Target, report *Report, opts []Option) (*probe, error) {
	p := &probe{
		settings: settings{settle: defaultSettleTime}, report: report,
		self: identity{target.KeyID, target.Signer}, keys: newLedger(target.KeyID), tried: map[string]bool{}, madeTypes: map[string]bool{}, late: map[string]bool{},
	}
	for _, opt := range opts {
		opt(&p.settings)
	}
	report.ReadOnly = p.settings.readOnly
	base, basePath, err := target.check()
	if err != nil {
		return nil, err
	}
	client := http.Client{Timeout: defaultClientTimeout}
	if target.HTTPClient != nil {
		client = *target.HTTPClient
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	client.Transport = contract.Transport(client.Transport, &p.found, contract.WithBasePath(basePath))
	p.base, p.client = base, &client
	p.ctx, p.stop = context.WithCancelCause(ctx)
	return p, nil
}

// try makes one check and returns the answer, nil if there was none.
func (p *probe) try(op *contract.Operation, name string, a attempt, want wanted) *answer {
	if p.ctx.Err() != nil {
		return nil
	}
	check := newCheck(op, name, a)
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
		check.judge(got, want)
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
	if _, listErr := p.send(p.ctx, get(protocol.KeysPath)); listErr != nil {
		p.stop(fmt.Errorf("the target does not answer: %w", err))
	}
	p.silent = 0
}

// find makes a check of more than one answer, or of something in it. It failed if text says why.
func (p *probe) find(op *contract.Operation, name string, a attempt, got *answer, severity Severity, text string) {
	check := newCheck(op, name, a)
	check.Status = got.status
	if text != "" {
		check.add(severity, text)
	}
	p.write(check)
}

// eventually makes a check of what may take the settle time. It fails if wrong still has something
// to say of the last answer then. What was not in time once gets no time again: two dozen keys are
// made, and each would be waited for in vain.
func (p *probe) eventually(op *contract.Operation, of, name string, a attempt, wrong func(*answer) string) {
	last, text, waited := &answer{}, "there is no answer", p.settings.settle
	look := func() bool {
		if got, err := p.send(p.ctx, a); err == nil {
			last, text = got, wrong(got)
		}
		return text == ""
	}
	if p.late[name] {
		waited = 0
		look()
	} else {
		p.late[name] = !p.settles(p.ctx, look)
	}
	if p.ctx.Err() != nil {
		return
	}
	if text != "" {
		text += fmt.Sprintf(" after %v", waited)
	}
	p.find(op, of+": "+name, a, last, Breaking, text)
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
		case last || protocol.Wait(ctx, pollInterval) != nil:
			return false
		}
	}
}

func (p *probe) write(check Check) {
	p.report.Checks = append(p.report.Checks, check)
	if p.settings.progress != nil {
		p.settings.progress(check)
	}
}

func newCheck(op *contract.Operation, name string, a attempt) Check {
	check := Check{Name: name, Request: a.method + " " + shownPath(a.path)}
	if op != nil {
		check.Operation = op.ID
	}
	return check
}

// plainWord is what a segment of a path may look like to be shown.
var plainWord = regexp.MustCompile(`^[a-z_]{0,20}$`)

// shownPath returns a path without its query. An ID that a server gave may hold anything, also a
// private key: only UUIDs and plain words are shown, and of the rest its length.
func shownPath(path string) string {
	path, _, _ = strings.Cut(path, "?")
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		segments[i] = shownID(segment)
	}
	return strings.Join(segments, "/")
}

func shownID(id string) string {
	if protocol.IsKeyID(id) || plainWord.MatchString(id) || strings.HasPrefix(id, "{") {
		return id
	}
	return fmt.Sprintf("(%d characters)", utf8.RuneCountInString(id))
}

const maxErrorText = 300

// describeError names what went wrong without the URL, which is in the report already.
func describeError(err error) string {
	if inner, ok := errors.AsType[*url.Error](err); ok {
		err = inner.Err
	}
	text := []rune(err.Error())
	return string(text[:min(len(text), maxErrorText)])
}
