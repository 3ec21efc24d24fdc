package verify

import (
	"cmp"
	"crypto"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"kalshi.internal/apikeys/api/contract"
	"kalshi.internal/apikeys/api/sandbox/explain"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// making is a right request that makes a key.
type making struct {
	name string
	body fields
	// the private half, nil when it comes in the answer
	own crypto.Signer
	// the optional field that is tried, empty for none
	varied string
}

// makings returns right requests of an operation that makes keys: with the required fields only,
// for a public key once for each type, and then with each value of each optional field. The latter
// are for Ed25519, because making RSA keys takes a server long.
func (p *probe) makings(op *contract.Operation) []making {
	s, body := op.Request, fields{nameProperty: json.RawMessage(quote(p.keys.prefix))}
	all := []making{{name: "with a name only", body: body}}
	if s.Properties[publicKeyProperty] != nil {
		withKey := func(name string, key crypto.Signer) making {
			return making{name: name, body: body.with(publicKeyProperty, quote(publicPEM(spki(key.Public())))), own: key}
		}
		all = []making{withKey("with an RSA key", ownRSAKey()), withKey("with an Ed25519 key", newEd25519Key())}
	}
	quick := all[len(all)-1]
	if s.Properties[keyTypeProperty] != nil {
		quick.body = quick.body.with(keyTypeProperty, quote(keyTypeEd25519))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		if slices.Contains(s.Required, name) {
			continue
		}
		for _, value := range rightValues(resolved(s.Properties[name])) {
			all = append(all, making{"with " + name + " " + value, quick.body.with(name, value), quick.own, name})
		}
	}
	return all
}

// isPlain reports whether the key has full access, so that it must sign a list.
func (m making) isPlain() bool { return m.varied == "" || m.varied == keyTypeProperty }

// keyType returns the type of the key pair that is asked for.
func (m making) keyType() string {
	asked, _ := m.body.value(keyTypeProperty).(string)
	return cmp.Or(asked, keyTypeRSA)
}

// wanted returns how the request should be answered, which may depend on the account.
func (m making) wanted(op *contract.Operation) wanted {
	const dependent = "depends on the account"
	want := wants(success(op))
	if m.own != nil {
		want = want.noting("the account is not on the Premier or Market Maker level", http.StatusForbidden)
	}
	switch m.varied {
	case scopesProperty:
		return want.noting(dependent, http.StatusForbidden)
	case subaccountProperty, subtraderProperty:
		return want.noting(dependent, http.StatusBadRequest, http.StatusForbidden, http.StatusConflict)
	}
	return want
}

// checkMaking makes the checks of an operation that makes keys.
func (p *probe) checkMaking(op *contract.Operation) {
	makings := p.makings(op)
	quick := makings[len(makings)-1]
	right := withBody(op, makings[0].body.String())
	p.checkUnsigned(op, right)
	p.checkAuthentication(op, right)
	p.deleteMade()
	for _, each := range makings {
		p.checkRight(op, each)
	}
	wrong := wrongBodies(op.Request, quick.body.without(quick.varied))
	if op.Request.Properties[publicKeyProperty] != nil {
		for name, key := range wrongPublicKeys() {
			wrong = append(wrong, wrongBody{name: name, text: quick.body.with(publicKeyProperty, quote(key)).String()})
		}
	}
	p.checkContentType(op, right)
	for _, each := range wrong {
		p.checkWrong(op, each)
	}
}

func withBody(op *contract.Operation, body string) attempt {
	return attempt{method: op.Method, path: op.Path, contentType: mediaTypeJSON, body: body}
}

func (p *probe) checkContentType(op *contract.Operation, right attempt) {
	want := refusal(op)
	p.try(op, "no body", attempt{method: op.Method, path: op.Path}, want)
	right.contentType = "text/plain"
	p.try(op, "a body called text", right, want.noting("a server may say so more precisely", http.StatusUnsupportedMediaType))
	p.deleteMade()
}

// refusal is what a wrong body should be answered with.
func refusal(op *contract.Operation) wanted {
	want := wants(http.StatusBadRequest)
	if op.Request.Properties[publicKeyProperty] != nil {
		want = want.noting("the usage level may be checked first", http.StatusForbidden)
	}
	return want
}

func (p *probe) checkWrong(op *contract.Operation, wrong wrongBody) {
	want := refusal(op)
	if wrong.tolerated != "" {
		want = want.noting(wrong.tolerated, success(op))
	}
	p.try(op, wrong.name, withBody(op, wrong.text), want)
	p.deleteMade()
}

// checkRight makes a key, follows it through its life and deletes it.
func (p *probe) checkRight(op *contract.Operation, m making) {
	defer p.deleteMade()
	name := p.keys.nextName()
	a := withBody(op, m.body.with(nameProperty, quote(name)).String())
	got := p.try(op, m.name, a, m.wanted(op))
	as := identity{got.text(keyIDProperty), m.own}
	if !got.is(success(op)) || !p.keys.has(as.keyID) {
		return
	}
	if as.signer == nil {
		signer, problem := parsePrivateKey(got.text(privateKeyProperty), m.keyType())
		p.find(op, m.name+": the private key", a, got, Breaking, problem)
		as.signer = signer
	}
	p.checkListed(op, m, as.keyID, name)
	if m.isPlain() && as.signer != nil {
		p.eventually(op, m.name, "the new key signs", signedBy(as), func(list *answer) string {
			return unless(list.is(http.StatusOK), "a list signed by the new key is not answered 200")
		})
		p.checkMadeKey(m, as)
	}
	p.checkDeletion(m, as)
}

// checkMadeKey makes mistakes of signing with the first key of each type that works. The target's own key
// may be of one type only.
func (p *probe) checkMadeKey(m making, as identity) {
	list := operationOf(protocol.GetAPIKeys)
	keyType := fmt.Sprintf("%T", as.signer)
	if p.madeTypes[keyType] || p.late[m.name+": the new key signs"] {
		return
	}
	p.madeTypes[keyType] = true
	p.checkImpostors(list, as)
	if keyType != fmt.Sprintf("%T", p.self.signer) {
		p.checkSigning(list, signedBy(as), func(m explain.Mistake) bool { return !m.ChangesText() })
	}
}

func (p *probe) checkDeletion(m making, as identity) {
	remove := operationOf(protocol.DeleteAPIKey)
	if !p.try(remove, "a key made "+m.name, removal(as.keyID), wants(success(remove))).is(success(remove)) {
		return
	}
	delete(p.keys.made, as.keyID)
	if !m.isPlain() {
		return
	}
	p.eventually(remove, m.name, "the deleted key is gone from the list", get(protocol.KeysPath), func(list *answer) string {
		return unless(list.is(http.StatusOK) && listed(list)[as.keyID] == nil, "a deleted key is still in the list")
	})
	if as.signer != nil {
		p.eventually(remove, m.name, "the deleted key is refused", signedBy(as), func(list *answer) string {
			return unless(list.is(http.StatusUnauthorized), "a deleted key is not refused with 401")
		})
	}
	p.try(remove, "a key that is deleted already", removal(as.keyID), wants(http.StatusNotFound))
}

func signedBy(as identity) attempt {
	a := get(protocol.KeysPath)
	a.as = as
	return a
}

// unless returns text where a check fails, and "" where it holds.
func unless(holds bool, text string) string {
	if holds {
		return ""
	}
	return text
}
