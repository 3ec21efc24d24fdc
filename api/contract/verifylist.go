package contract

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// exampleSubtrader is of the documented form and, with luck, nobody's.
const exampleSubtrader = "00000000-0000-4000-8000-000000000000_verify1"

// subtraderList asks for its keys only.
const subtraderList = "/api_keys?" + subtraderProperty + "=" + exampleSubtrader

// run makes all checks. Whatever happens, it cleans up.
func (p *probe) run() {
	defer p.cleanUp()
	list := operationAt(http.MethodGet, "/api_keys")
	p.setClock(list)
	existing := p.try(list, "the list", get("/api_keys"), wants(200))
	p.keep(existing)
	p.checkSelf(list, existing)
	p.checkAuthentication(list, get("/api_keys"))
	p.checkListQuery(list)
	p.checkRouting()
	// Without the list nobody could tell what to clean up.
	if p.settings.readOnly || !existing.is(200) || existing.value == nil {
		return
	}
	p.checkForeignMethods()
	p.checkMaking(operationAt(http.MethodPost, "/api_keys/generate"), p.generateBodies())
	p.checkMaking(operationAt(http.MethodPost, "/api_keys"), p.createBodies())
	p.checkDelete(operationAt(http.MethodDelete, "/api_keys/{api_key}"))
}

func operationAt(method, path string) *operation {
	i := slices.IndexFunc(embedded().operations, func(op *operation) bool {
		return op.method == method && op.path == path
	})
	return embedded().operations[i]
}

func get(path string) attempt { return attempt{method: http.MethodGet, path: path} }

func without(names ...string) func(http.Header) {
	return func(header http.Header) {
		for _, name := range names {
			header.Del(name)
		}
	}
}

func with(name, text string) func(http.Header) {
	return func(header http.Header) { header.Set(name, text) }
}

// setClock dates requests by the target's clock if the local one is wrong, so that not every
// check fails. Clients do the same, so a Date that misleads them is a deviation.
func (p *probe) setClock(list *operation) {
	a := get("/api_keys")
	a.edit = without(list.security...)
	got := p.try(list, "no authentication header", a, unauthenticated())
	if got == nil {
		return
	}
	date, err := http.ParseTime(got.header.Get("Date"))
	skew := got.skewOf(date)
	if err != nil || skew.Abs() <= maxSkew {
		return
	}
	shown := skew.Round(time.Second)
	severity, text := Note, fmt.Sprintf("Date is %v from the local clock; requests are dated by it", shown)
	if local, err := p.send(p.ctx, get("/api_keys")); err == nil && local.is(http.StatusOK) {
		severity, text = Minor, fmt.Sprintf("Date is %v from the local clock, but timestamps of the local clock are accepted", shown)
	} else {
		p.clock = skew
	}
	p.find(list, "clocks", a, got.status, severity, text)
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

// keep protects every key that is there before any is made.
func (p *probe) keep(list *answer) {
	for id := range listed(list) {
		p.kept[strings.ToLower(id)] = true
	}
}

// listed returns the keys of a list by ID, also of a list that breaks the contract elsewhere.
func listed(list *answer) map[string]*value {
	keys := map[string]*value{}
	for _, key := range listedKeys(list) {
		keys[memberText(key, keyIDProperty)] = key
	}
	return keys
}

// listedKeys returns the keys of a list that have an ID, in its order.
func listedKeys(list *answer) []*value {
	if list == nil || list.value == nil {
		return nil
	}
	items := list.value.member("api_keys")
	if items == nil {
		return nil
	}
	var keys []*value
	for i := range items.items {
		if memberText(&items.items[i], keyIDProperty) != "" {
			keys = append(keys, &items.items[i])
		}
	}
	return keys
}

func (p *probe) checkSelf(list *operation, got *answer) {
	if !got.is(200) {
		return
	}
	text := ""
	if listed(got)[p.self.keyID] == nil && listed(got)[strings.ToLower(p.self.keyID)] == nil {
		text = "the key that signed the request is not in the list"
	}
	p.find(list, "the list has the caller's own key", get("/api_keys"), got.status, Minor, text)
	p.find(list, "each key is listed once", get("/api_keys"), got.status, Breaking, listedTwice(got))
}

// checkAuthentication sends a request, which would otherwise do what the operation does, with
// each authentication header missing and wrong.
func (p *probe) checkAuthentication(op *operation, right attempt) {
	for _, name := range op.security {
		a := right
		a.edit = without(name)
		p.try(op, "without "+name, a, unauthenticated())
	}
	_, stranger, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return
	}
	for _, tt := range []struct {
		name   string
		change func(*attempt)
	}{
		{"an unknown key ID", func(a *attempt) { a.edit = with(protocol.HeaderKey, randomUUID()) }},
		{"a malformed key ID", func(a *attempt) { a.edit = with(protocol.HeaderKey, p.self.keyID+"x") }},
		{"a signature of another key", func(a *attempt) { a.as = identity{p.self.keyID, stranger} }},
		{"a signature that is not base64", func(a *attempt) { a.edit = with(protocol.HeaderSignature, "!") }},
		{"a signature of another time", func(a *attempt) {
			a.edit = with(protocol.HeaderTimestamp, protocol.Timestamp(time.Now().Add(p.clock-time.Second)))
		}},
		{"a signature of the query as well", func(a *attempt) {
			a.path, a.signQuery = a.path+"?verify=1", true
		}},
		{"a timestamp ten minutes ago", func(a *attempt) { a.shift = -expiredBy }},
		{"a timestamp ten minutes ahead", func(a *attempt) { a.shift = expiredBy }},
		{"a timestamp in words", func(a *attempt) { a.edit = with(protocol.HeaderTimestamp, "now") }},
		{"a timestamp in seconds", func(a *attempt) {
			a.edit = with(protocol.HeaderTimestamp, fmt.Sprint(time.Now().Add(p.clock).Unix()))
		}},
	} {
		a := right
		tt.change(&a)
		p.try(op, tt.name, a, unauthenticated())
	}
}

func (p *probe) checkListQuery(list *operation) {
	got := p.try(list, "the list of a subtrader", get(subtraderList),
		wants(200).noting("the account is no FCM member or has no such subtrader", 400, 403, 404))
	if got.is(200) {
		p.find(list, "the list of a subtrader has its keys only", get("/api_keys"), got.status, Breaking, notBound(got))
	}
	for _, text := range unmatched(list.query[subtraderProperty].schema.resolved()) {
		p.try(list, "the list of a malformed subtrader "+describeText(text), get("/api_keys?"+subtraderProperty+"="+text),
			wants(200).noting("a sensible refusal that the contract does not have for the list", 400, 403, 404))
	}
}

// checkRouting asks for what the contract does not have, with GET only. The answers are on
// record, though not in the contract: 404, and 301 for a trailing slash.
func (p *probe) checkRouting() {
	p.try(nil, "a path that does not exist", get("/api_keys_of_nobody"), wants(404))
	p.try(nil, "GET on generate", get("/api_keys/generate"), wants(404))
	p.try(nil, "GET on one key", get("/api_keys/"+randomUUID()), wants(404))
	p.try(nil, "a trailing slash on the list", get("/api_keys/"), wants(301))
}

// checkForeignMethods leaves out DELETE on the whole collection: should a server have that, the
// account would lose its keys.
func (p *probe) checkForeignMethods() {
	for _, a := range []attempt{
		{method: http.MethodPut, path: "/api_keys"},
		{method: http.MethodPatch, path: "/api_keys"},
		{method: http.MethodPut, path: "/api_keys/generate"},
		{method: http.MethodPut, path: "/api_keys/" + randomUUID()},
		{method: http.MethodPatch, path: "/api_keys/" + randomUUID()},
		{method: http.MethodPost, path: "/api_keys/" + randomUUID()},
	} {
		p.try(nil, a.method+" where the contract has none", a, wants(404))
	}
	for _, a := range []attempt{
		{method: http.MethodDelete, path: "/api_keys/" + randomUUID() + "/"},
		{method: http.MethodPost, path: "/api_keys/generate/"},
	} {
		p.try(nil, "a trailing slash on "+a.method, a, wants(301))
	}
}

func randomUUID() string {
	var b [16]byte
	// Documented never to fail.
	_, _ = rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
