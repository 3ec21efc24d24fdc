package verify

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
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

// checkRouting asks for what the contract has no operation for. The contract tells how the service
// answers, and leaves it to a server to refuse in another way.
func (p *probe) checkRouting() {
	p.try(nil, "a path that does not exist", get("/api_keys_of_nobody"), refused(http.StatusNotFound))
	for _, a := range undocumented() {
		if a.method == http.MethodGet || p.mayChange() {
			p.try(nil, a.method+" where the contract has none", a, refused(http.StatusNotFound))
		}
	}
	for _, op := range contract.Operations() {
		if op.Method == http.MethodGet || p.mayChange() {
			slashed := attempt{method: op.Method, path: filled(op.Path) + "/"}
			p.try(nil, "a trailing slash on "+op.ID, slashed, refused(http.StatusMovedPermanently))
		}
	}
}

// refused wants a status, and notes any other that refuses or redirects.
func refused(status int) wanted {
	want := wants(status)
	for other := http.StatusMultipleChoices; other < http.StatusInternalServerError; other++ {
		if !slices.Contains(contract.DefaultAllowedStatuses(), other) {
			want = want.noting("the contract leaves this to the server", other)
		}
	}
	return want
}

func (p *probe) checkUnsigned(op *contract.Operation, right attempt) {
	right.edit = without(op.Headers...)
	p.try(op, "no authentication header", right, unauthenticated())
}

// checkAuthentication sends a request, which would otherwise do what the operation does, with
// each authentication header missing and wrong, and with each mistake of signing that it has room for.
func (p *probe) checkAuthentication(op *contract.Operation, right attempt) {
	for _, name := range op.Headers {
		a := right
		a.edit = without(name)
		p.try(op, "without "+name, a, unauthenticated())
	}
	for _, mistake := range p.mistakes() {
		a := right
		mistake.make(&a)
		p.try(op, mistake.what, a, unauthenticated())
	}
	p.checkSigning(op, right, func(m explain.Mistake) bool { return !p.tried[m.Name] || isOfOperation(m) })
}

// isOfOperation reports whether a server may see a mistake with one operation and not with another. All
// other mistakes are made with the first operation that has room for them.
func isOfOperation(m explain.Mistake) bool {
	return slices.Contains([]string{"signed_other_method", "signed_no_method", "signed_route"}, m.Name)
}

// checkSigning makes the mistakes of signing that the sandbox can name, in the first way for which the
// request and the key have room, and those of an operation in every way.
func (p *probe) checkSigning(op *contract.Operation, right attempt, which func(explain.Mistake) bool) {
	for _, mistake := range explain.Mistakes() {
		if !which(mistake) {
			continue
		}
		for _, way := range mistake.Ways() {
			a := right
			a.mistake = &way
			if mistake.Name == "signed_query" {
				a.path += "?verify=1"
			}
			if !p.canMake(a) {
				continue
			}
			p.tried[mistake.Name] = true
			p.try(op, way.What, a, unauthenticated())
			if !isOfOperation(mistake) {
				break
			}
		}
	}
}

// checkImpostors signs with two live keys under each other's IDs.
func (p *probe) checkImpostors(op *contract.Operation, as identity) {
	for name, impostor := range map[string]identity{
		"the caller's ID with the signature of a live key": {p.self.keyID, as.signer},
		"a live key's ID with the caller's signature":      {as.keyID, p.self.signer},
	} {
		p.try(op, name, signedBy(impostor), unauthenticated())
	}
}

// canMake reports whether a request and the key that signs it have room for a mistake.
func (p *probe) canMake(a attempt) bool {
	r, err := p.request(p.ctx, a)
	return err == nil && r.Header.Get(protocol.HeaderSignature) != ""
}

// mistake is a way to identify the caller of a request wrongly that is not one of signing. It has the name
// of what the sandbox calls it.
type mistake struct {
	name, what string
	make       func(*attempt)
}

// notTried are the mistakes that the sandbox can name and that have no row in [probe.mistakes] and no way
// of signing, with where they are tried, or why they are not.
func notTried() map[string]string {
	return map[string]string{
		"no_headers":            "checkUnsigned",
		"missing_key_id":        "checkAuthentication",
		"missing_signature":     "checkAuthentication",
		"missing_timestamp":     "checkAuthentication",
		"other_key":             "checkImpostors",
		"key_deleted":           "checkDeletion",
		"url_trailing_slash":    "checkRouting",
		"url_without_base_path": "another server may be there",
		"not_served":            "its signature is right",
		"key_not_yet_live":      "whether a new key works at once is the service's choice",
		"other_account":         "verify has the keys of one account",
		"replay":                "whether a request may be sent twice is the service's choice",
	}
}

func (p *probe) mistakes() []mistake {
	names := func(text string) func(*attempt) {
		return func(a *attempt) { a.edit = func(header http.Header) { header.Set(protocol.HeaderKey, text) } }
	}
	dated := func(form func(time.Time) string) func(*attempt) { return func(a *attempt) { a.timestamp = form } }
	return []mistake{
		{"header_names", "the headers have other names", func(a *attempt) { a.edit = renamed }},
		{"key_unknown", "an unknown key ID", names(randomUUID())},
		{"key_id_malformed", "a malformed key ID", names(p.self.keyID + "x")},
		{"key_id_stray", "quotes around the key ID", names(`"` + p.self.keyID + `"`)},
		{"key_id_is_name", "a name for a key ID", names("verify")},
		{"unknown", "a signature of another key", func(a *attempt) { a.as = identity{p.self.keyID, newEd25519Key()} }},
		{"other_algorithm", "a signature of the other algorithm", func(a *attempt) { a.as = identity{p.self.keyID, otherAlgorithm(p.self.signer)} }},
		{"clock", "a timestamp ten minutes ago", func(a *attempt) { a.shift = -expiredBy }},
		{"clock", "a timestamp ten minutes ahead", func(a *attempt) { a.shift = expiredBy }},
		{"timestamp_form", "a timestamp in words", dated(func(time.Time) string { return "now" })},
		{"timestamp_seconds", "a timestamp in seconds", dated(func(t time.Time) string { return fmt.Sprint(t.Unix()) })},
		{"timestamp_microseconds", "a timestamp in microseconds", dated(func(t time.Time) string { return fmt.Sprint(t.UnixMicro()) })},
		{"timestamp_nanoseconds", "a timestamp in nanoseconds", dated(func(t time.Time) string { return fmt.Sprint(t.UnixNano()) })},
	}
}

func renamed(header http.Header) {
	for _, name := range []string{protocol.HeaderKey, protocol.HeaderSignature, protocol.HeaderTimestamp} {
		header.Set("X-"+name, header.Get(name))
		header.Del(name)
	}
}

func otherAlgorithm(signer crypto.Signer) crypto.Signer {
	if _, isRSA := signer.Public().(*rsa.PublicKey); isRSA {
		return newEd25519Key()
	}
	return ownRSAKey()
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
