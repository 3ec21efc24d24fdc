package verify

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"kalshi.internal/apikeys/api/contract"
	"kalshi.internal/apikeys/api/sandbox/explain"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// suites are the checks of each operation, in the order in which they are made. The list comes
// first: without it nobody could tell what to clean up.
func suites() []suite {
	return []suite{
		{protocol.GetAPIKeys, (*probe).checkList},
		{protocol.GenerateAPIKey, (*probe).checkMaking},
		{protocol.CreateAPIKey, (*probe).checkMaking},
		{protocol.DeleteAPIKey, (*probe).checkDelete},
	}
}

type suite struct {
	operation protocol.Operation
	run       func(*probe, *contract.Operation)
}

// run makes all checks. Whatever happens, it cleans up.
func (p *probe) run() {
	defer p.cleanUp()
	for _, suite := range suites() {
		op := operationOf(suite.operation)
		if op.Method == http.MethodGet || p.mayChange() {
			suite.run(p, op)
		}
	}
	p.checkRouting()
	p.nameUnchecked()
}

// mayChange reports whether requests may be sent that change something.
func (p *probe) mayChange() bool { return !p.settings.readOnly && p.keys.isRead }

// nameUnchecked reports the operations that nothing here checks.
func (p *probe) nameUnchecked() {
	for _, op := range contract.Operations() {
		if !slices.ContainsFunc(suites(), func(s suite) bool { return string(s.operation) == op.ID }) {
			p.find(op, "no checks", attempt{method: op.Method, path: op.Path}, &answer{}, Note, fmt.Sprintf("operation %s: no checks", op.ID))
		}
	}
}

// checkList makes the checks of the list. The first one, which is unsigned, sets the clock.
func (p *probe) checkList(op *contract.Operation) {
	right := get(op.Path)
	p.setClock(op, right)
	existing := p.try(op, "the list", right, wants(success(op)))
	if existing.is(http.StatusOK) && existing.body != nil {
		p.keys.keep(existing)
		p.checkOwnKey(op, existing)
	}
	p.checkAuthentication(op, right)
	p.checkSubtraderQuery(op)
}

// setClock dates requests by the target's clock if the local one is wrong, so that not every
// check fails. Clients do the same, so a Date that misleads them is a deviation.
func (p *probe) setClock(op *contract.Operation, a attempt) {
	unsigned := a
	unsigned.edit = without(op.Headers...)
	got := p.try(op, "no authentication header", unsigned, unauthenticated())
	if got == nil {
		return
	}
	date, err := http.ParseTime(got.header.Get("Date"))
	skew := got.skewOf(date)
	if err != nil || skew.Abs() <= maxSkew {
		return
	}
	severity, text := Note, "; requests are dated by it"
	if local, err := p.send(p.ctx, a); err == nil && local.is(http.StatusOK) {
		severity, text = Minor, ", but timestamps of the local clock are accepted"
	} else {
		p.clock = skew
	}
	p.find(op, "clocks", a, got, severity, fmt.Sprintf("Date is %v from the local clock%s", skew.Round(time.Second), text))
}

// skewOf returns how far the clock that a Date was read from is from the local one, at least. It
// was read at any time between request and answer, and cut to whole seconds.
func (a *answer) skewOf(date time.Time) time.Duration {
	switch end := date.Add(time.Second); {
	case date.After(a.arrived):
		return date.Sub(a.arrived)
	case end.Before(a.sent):
		return end.Sub(a.sent)
	}
	return 0
}

func (p *probe) checkOwnKey(op *contract.Operation, list *answer) {
	text := ""
	if keys := listed(list); keys[p.self.keyID] == nil && keys[strings.ToLower(p.self.keyID)] == nil {
		text = "the key that signed the request is not in the list"
	}
	p.find(op, "the list has the caller's own key", get(op.Path), list, Minor, text)
	p.find(op, "each key is listed once", get(op.Path), list, Breaking, listedTwice(list))
}

func (p *probe) checkSubtraderQuery(op *contract.Operation) {
	refusals := []int{http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound}
	got := p.try(op, "the list of a subtrader", get(subtraderList),
		wants(success(op)).noting("the account is not an FCM member or has no such subtrader", refusals...))
	if got.is(http.StatusOK) {
		p.find(op, "the list of a subtrader has its keys only", get(op.Path), got, Breaking, notBound(got))
	}
	for _, text := range unmatched(resolved(op.Query[subtraderProperty].Schema)) {
		p.try(op, fmt.Sprintf("the list of a malformed subtrader %q", text), get(op.Path+"?"+subtraderProperty+"="+text),
			wants(success(op)).noting("a sensible refusal that the contract does not have for the list", refusals...))
	}
}

// checkDelete sends wrong requests only; the right ones end the life of every key that is made.
func (p *probe) checkDelete(op *contract.Operation) {
	right := attempt{method: op.Method, path: filled(op.Path)}
	p.checkUnsigned(op, right)
	p.checkAuthentication(op, right)
	p.try(op, "an unknown key", right, wants(http.StatusNotFound))
	for _, id := range []string{"verify", "generate", "00000000-0000-4000-8000-00000000000g", "123"} {
		p.try(op, "an ID that is not a UUID: "+id, removal(id), wants(http.StatusBadRequest))
	}
}

// checkRouting asks for what the contract does not have. The answers are on record, though not in
// the contract: 404, and 301 for a trailing slash.
func (p *probe) checkRouting() {
	p.try(nil, "a path that does not exist", get("/api_keys_of_nobody"), wants(http.StatusNotFound))
	for _, a := range undocumented() {
		if a.method == http.MethodGet || p.mayChange() {
			p.try(nil, a.method+" where the contract has none", a, wants(http.StatusNotFound))
		}
	}
	for _, op := range contract.Operations() {
		if op.Method == http.MethodGet || p.mayChange() {
			slashed := attempt{method: op.Method, path: filled(op.Path) + "/"}
			p.try(nil, "a trailing slash on "+op.ID, slashed, wants(http.StatusMovedPermanently))
		}
	}
}

func (p *probe) checkUnsigned(op *contract.Operation, right attempt) {
	right.edit = without(op.Headers...)
	p.try(op, "no authentication header", right, unauthenticated())
}

// checkAuthentication sends a request, which would otherwise do what the operation does, with
// each authentication header missing and wrong. Each mistake of signing is tried with the first
// operation that has room for it.
func (p *probe) checkAuthentication(op *contract.Operation, right attempt) {
	for _, name := range op.Headers {
		a := right
		a.edit = without(name)
		p.try(op, "without "+name, a, unauthenticated())
	}
	for _, mistake := range p.mistakes() {
		a := right
		mistake.make(&a)
		p.try(op, mistake.name, a, unauthenticated())
	}
	for _, mistake := range explain.Mistakes() {
		a := right
		a.mistake = &mistake
		if mistake.Name == "signed_query" {
			a.path += "?verify=1"
		}
		if !p.tried[mistake.Name] && p.canMake(a) {
			p.tried[mistake.Name] = true
			p.try(op, mistake.What, a, unauthenticated())
		}
	}
}

// canMake reports whether a request and the target's key have room for a mistake.
func (p *probe) canMake(a attempt) bool {
	r, err := p.request(p.ctx, a)
	return err == nil && r.Header.Get(protocol.HeaderSignature) != ""
}

// mistake is a way to identify the caller of a request wrongly.
type mistake struct {
	name string
	make func(*attempt)
}

func (p *probe) mistakes() []mistake {
	sets := func(name, text string) func(*attempt) {
		return func(a *attempt) { a.edit = func(header http.Header) { header.Set(name, text) } }
	}
	seconds := fmt.Sprint(time.Now().Add(p.clock).Unix())
	return []mistake{
		{"an unknown key ID", sets(protocol.HeaderKey, randomUUID())},
		{"a malformed key ID", sets(protocol.HeaderKey, p.self.keyID+"x")},
		{"a signature of another key", func(a *attempt) { a.as = identity{p.self.keyID, newEd25519Key()} }},
		{"a timestamp ten minutes ago", func(a *attempt) { a.shift = -expiredBy }},
		{"a timestamp ten minutes ahead", func(a *attempt) { a.shift = expiredBy }},
		{"a timestamp in words", sets(protocol.HeaderTimestamp, "now")},
		{"a timestamp in seconds", sets(protocol.HeaderTimestamp, seconds)},
	}
}

func without(names ...string) func(http.Header) {
	return func(header http.Header) {
		for _, name := range names {
			header.Del(name)
		}
	}
}

func randomUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // documented never to fail
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
