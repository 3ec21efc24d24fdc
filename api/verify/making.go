package verify

import (
	"crypto"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"strings"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// rsaBits is the length of a generated RSA key (source: published).
const rsaBits = 2048

// PEM types (source: published).
const (
	pemPublicKey = "PUBLIC KEY"
	pemRSA       = "RSA PRIVATE KEY"
	pemEd25519   = "PRIVATE KEY"
)

// making is what a right request of an operation that makes keys sends and may come back with.
type making struct {
	name string
	body fields
	want wanted
	// the private half, when it stays here
	own crypto.Signer
	// the type of the private key in the answer, empty when there is none
	keyType string
	// whether the key must work, and be refused once it is deleted
	full bool
}

// checkMaking makes the checks of an operation that makes keys.
func (p *probe) checkMaking(op *operation, right []making, wrong []wrongBody) {
	a := withBody(op, right[0].body.String())
	p.checkUnsigned(op, a)
	p.checkAuthentication(op, a)
	p.deleteMade()
	for _, each := range right {
		p.checkRight(op, each)
	}
	p.checkContentType(op, a)
	for _, each := range wrong {
		p.checkWrong(op, each)
	}
}

func withBody(op *operation, body string) attempt {
	return attempt{method: op.method, path: op.path, contentType: mediaTypeJSON, body: body}
}

func (p *probe) checkContentType(op *operation, right attempt) {
	empty := right
	empty.body, empty.contentType = "", ""
	want := refusal(op)
	p.try(op, "no body", empty, want)
	right.contentType = "text/plain"
	p.try(op, "a body called text", right, want.noting("a server may say so more precisely", http.StatusUnsupportedMediaType))
	p.deleteMade()
}

// refusal is what a wrong body should be answered with.
func refusal(op *operation) wanted {
	want := wants(http.StatusBadRequest)
	if op.request.Properties[publicKeyProperty] != nil {
		want = want.noting("the usage level may be checked first", http.StatusForbidden)
	}
	return want
}

func (p *probe) checkWrong(op *operation, wrong wrongBody) {
	want := refusal(op)
	if wrong.tolerated != "" {
		want = want.noting(wrong.tolerated, op.success())
	}
	p.try(op, wrong.name, withBody(op, wrong.text), want)
	p.deleteMade()
}

// checkRight makes a key, follows it through its life and deletes it.
func (p *probe) checkRight(op *operation, m making) {
	defer p.deleteMade()
	name := p.keys.nextName()
	a := withBody(op, m.body.with(nameProperty, quote(name)).String())
	got := p.try(op, m.name, a, m.want)
	id := got.text(keyIDProperty)
	if !got.is(op.success()) || !p.keys.has(id) {
		return
	}
	signer := m.own
	if m.keyType != "" {
		signer = p.checkPrivateKey(op, a, got, m)
	}
	p.checkListed(op, m, id, name)
	as := identity{id, signer}
	if m.full && signer != nil {
		p.eventually(op, m.name+": the new key signs", signedBy(as), "a list signed by the new key is not answered 200",
			func(list *answer) bool { return list.is(http.StatusOK) })
	}
	remove := p.document.operation(protocol.DeleteAPIKey)
	if p.try(remove, "a key made "+m.name, removal(id), wants(remove.success())).is(remove.success()) {
		delete(p.keys.made, id)
		if m.full {
			p.checkGone(remove, as)
		}
	}
}

func signedBy(as identity) attempt {
	a := get(protocol.KeysPath)
	a.as = as
	return a
}

// checkGone wants a deleted key to be unknown to list, authentication and delete.
func (p *probe) checkGone(remove *operation, as identity) {
	p.eventually(remove, "the deleted key is gone from the list", get(protocol.KeysPath), "a deleted key is still in the list",
		func(list *answer) bool { return list.is(http.StatusOK) && listed(list)[as.keyID] == nil })
	if as.signer != nil {
		p.eventually(remove, "the deleted key is refused", signedBy(as), "a deleted key is not refused with 401",
			func(list *answer) bool { return list.is(http.StatusUnauthorized) })
	}
	p.try(remove, "a key that is deleted already", removal(as.keyID), wants(http.StatusNotFound))
}

// checkPrivateKey returns the private half from an answer, nil if it is not in the documented
// form. It goes no further than the requests it signs.
func (p *probe) checkPrivateKey(op *operation, a attempt, got *answer, m making) crypto.Signer {
	signer, problem := parsePrivateKey(got.text(privateKeyProperty), m.keyType)
	p.find(op, m.name+": the private key", a, got.status, Breaking, problem)
	return signer
}

func parsePrivateKey(text, keyType string) (crypto.Signer, string) {
	block, rest := pem.Decode([]byte(text))
	if block == nil || strings.TrimSpace(string(rest)) != "" {
		return nil, "it is not one PEM block"
	}
	if keyType == keyTypeRSA {
		key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
		if block.Type != pemRSA || err != nil {
			return nil, "it is not PKCS#1 in PEM of type " + pemRSA
		}
		if bits := key.N.BitLen(); bits != rsaBits {
			return key, fmt.Sprintf("it has %d bits, wanted %d", bits, rsaBits)
		}
		return key, ""
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	ed, ok := key.(ed25519.PrivateKey)
	if block.Type != pemEd25519 || err != nil || !ok {
		return nil, "it is not an Ed25519 key as PKCS#8 in PEM of type " + pemEd25519
	}
	return ed, ""
}
