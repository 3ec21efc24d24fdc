package contract

import (
	"crypto"
	"crypto/ed25519"
	"crypto/x509"
	"fmt"
	"net/http"
)

// rsaBits is the length of a generated RSA key (source: published).
const rsaBits = 2048

// checkMaking checks an operation that makes keys.
func (p *probe) checkMaking(op *operation, bodies makings) {
	a := attempt{method: op.method, path: op.path, contentType: mediaTypeJSON, body: bodies.right[0].body.String()}
	unsigned := a
	unsigned.edit = without(op.security...)
	p.try(op, "no authentication header", unsigned, unauthenticated())
	p.checkAuthentication(op, a)
	p.deleteMade()
	for _, each := range bodies.right {
		p.checkRight(op, each)
	}
	p.checkContentType(op, a)
	for _, each := range bodies.wrong {
		p.checkWrong(op, each)
	}
}

func (p *probe) checkContentType(op *operation, right attempt) {
	empty := right
	empty.body, empty.contentType = "", ""
	want := p.refusal(op)
	p.try(op, "no body", empty, want)
	right.contentType = "text/plain"
	p.try(op, "a body called text", right, want.noting("a server may say so more precisely", http.StatusUnsupportedMediaType))
	p.deleteMade()
}

// refusal is what a wrong body is wanted to be answered with.
func (p *probe) refusal(op *operation) wanted {
	want := wants(http.StatusBadRequest)
	if op.request.properties[publicKeyProperty] != nil {
		want = want.noting("the usage level may be checked first", http.StatusForbidden)
	}
	return want
}

func (p *probe) checkWrong(op *operation, wrong wrongBody) {
	want := p.refusal(op)
	if wrong.tolerated != "" {
		want = want.noting(wrong.tolerated, http.StatusCreated)
	}
	p.try(op, wrong.name, attempt{method: op.method, path: op.path, contentType: mediaTypeJSON, body: wrong.text}, want)
	p.deleteMade()
}

// checkRight makes a key, follows it through its life and deletes it.
func (p *probe) checkRight(op *operation, m making) {
	p.named++
	name := fmt.Sprintf("%s-%d", p.prefix, p.named)
	body := m.body.with(nameProperty, quote(name))
	a := attempt{method: op.method, path: op.path, contentType: mediaTypeJSON, body: body.String()}
	got := p.try(op, m.name, a, m.want)
	id := got.text(keyIDProperty)
	if _, isNew := p.made[id]; !got.is(http.StatusCreated) || !isNew {
		p.deleteMade()
		return
	}
	signer := m.own.signer
	if m.keyType != "" {
		signer = p.checkPrivateKey(op, a, got, m)
	}
	p.checkListed(op, m, a, id, name)
	if m.full {
		p.checkWorks(op, m.name, identity{id, signer})
	}
	remove := operationAt(http.MethodDelete, "/api_keys/{api_key}")
	if p.try(remove, "a key made "+m.name, attempt{method: http.MethodDelete, path: "/api_keys/" + id}, wants(204)).is(204) {
		delete(p.made, id)
		if m.full {
			p.checkGone(remove, id, identity{id, signer})
		}
	}
	p.deleteMade()
}

// checkPrivateKey returns the private half from an answer, nil if it is not in the documented
// form. It goes no further than the request it signs.
func (p *probe) checkPrivateKey(op *operation, a attempt, got *answer, m making) crypto.Signer {
	signer, problem := parsePrivateKey(got.text(privateKeyProperty), m.keyType)
	p.find(op, m.name+": the private key", a, got.status, Breaking, problem)
	return signer
}

func parsePrivateKey(text, keyType string) (crypto.Signer, string) {
	block := onlyBlock(text)
	if block == nil {
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

// checkWorks wants a new key to be accepted.
func (p *probe) checkWorks(op *operation, name string, as identity) {
	if as.signer == nil {
		return
	}
	a := get("/api_keys")
	a.as = as
	status := 0
	works := p.settles(p.ctx, func() bool {
		got, err := p.send(p.ctx, a)
		if err == nil {
			status = got.status
		}
		return got.is(http.StatusOK)
	})
	if p.ctx.Err() != nil {
		return
	}
	text := ""
	if !works {
		text = fmt.Sprintf("a list signed by the new key is not answered 200 within %v", p.settings.settle)
	}
	p.find(op, name+": the new key signs", a, status, Breaking, text)
}

// checkGone wants a deleted key to be unknown to list, authentication and delete.
func (p *probe) checkGone(remove *operation, id string, as identity) {
	a := get("/api_keys")
	gone := p.settles(p.ctx, func() bool {
		list, err := p.send(p.ctx, a)
		return err == nil && list.is(http.StatusOK) && listed(list)[id] == nil
	})
	if p.ctx.Err() != nil {
		return
	}
	text := ""
	if !gone {
		text = fmt.Sprintf("a deleted key is still in the list after %v", p.settings.settle)
	}
	p.find(remove, "the deleted key is gone from the list", a, http.StatusOK, Breaking, text)
	if as.signer != nil {
		p.checkRefused(remove, as)
	}
	p.try(remove, "a key that is deleted already", attempt{method: http.MethodDelete, path: "/api_keys/" + id}, wants(404))
}

func (p *probe) checkRefused(remove *operation, as identity) {
	a := get("/api_keys")
	a.as = as
	status := 0
	refused := p.settles(p.ctx, func() bool {
		got, err := p.send(p.ctx, a)
		if err == nil {
			status = got.status
		}
		return got.is(http.StatusUnauthorized)
	})
	if p.ctx.Err() != nil {
		return
	}
	text := ""
	if !refused {
		text = fmt.Sprintf("a deleted key is not refused with 401 after %v", p.settings.settle)
	}
	p.find(remove, "the deleted key is refused", a, status, Breaking, text)
}

// checkDelete sends wrong requests only; the right ones end the life of every key that is made.
func (p *probe) checkDelete(op *operation) {
	a := attempt{method: http.MethodDelete, path: "/api_keys/" + randomUUID()}
	unsigned := a
	unsigned.edit = without(op.security...)
	p.try(op, "no authentication header", unsigned, unauthenticated())
	p.checkAuthentication(op, a)
	p.try(op, "an unknown key", a, wants(404))
	for _, id := range []string{"verify", "generate", "00000000-0000-4000-8000-00000000000g", "123"} {
		p.try(op, "an ID that is no UUID: "+id, attempt{method: http.MethodDelete, path: "/api_keys/" + id}, wants(400))
	}
}
