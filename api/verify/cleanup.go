package verify

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// deleteMade deletes the keys that have been made so far. It is not a check and tries once: what
// it cannot delete is left to cleanUp.
func (p *probe) deleteMade() {
	for _, id := range p.keys.left() {
		if p.ctx.Err() != nil || p.keys.made[id] {
			continue
		}
		p.keys.made[id] = true
		p.deleteKey(p.ctx, id)
	}
}

func (p *probe) deleteKey(ctx context.Context, id string) {
	if p.keys.isKept(id) {
		return
	}
	got, err := p.send(ctx, removal(id))
	if err == nil && (got.succeeded() || got.is(http.StatusNotFound)) {
		delete(p.keys.made, id)
	}
}

func removal(id string) attempt {
	return attempt{method: http.MethodDelete, path: protocol.KeysPath + "/" + id}
}

// cleanUp deletes whatever is left, also a key whose answer was lost: its name tells that it is
// ours. It has a context of its own, because it is needed most when the other one has ended. If
// nothing was sent that may make a key, there is nothing to look for.
func (p *probe) cleanUp() {
	if !p.keys.posted {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), cleanupTime)
	defer cancel()
	op := operationOf(protocol.DeleteAPIKey)
	check := newCheck(op, "cleaning up", attempt{method: op.Method, path: op.Path})
	if p.keys.lost {
		// The list may not show yet what it is asked for.
		_ = protocol.Wait(ctx, p.settings.settle)
	}
	read := p.settles(ctx, func() bool { return p.deleteListed(ctx) })
	for _, id := range p.keys.left() {
		p.deleteKey(ctx, id)
	}
	for _, id := range p.keys.left() {
		check.add(Breaking, fmt.Sprintf("key %s could not be deleted: delete it by hand", shownID(id)))
	}
	if !read {
		check.add(Breaking, "keys may be left, because the list could not be read or still shows some: look for names that begin with "+p.keys.prefix)
	}
	for _, id := range p.strangers(ctx) {
		check.add(Breaking, fmt.Sprintf("key %s has come into the list during the verification, and no answer told of it: "+
			"delete it by hand, unless another program of the account has made it", shownID(id)))
	}
	p.write(check)
}

func (p *probe) strangers(ctx context.Context) []string {
	list, err := p.send(ctx, get(protocol.KeysPath))
	if err != nil || !list.is(http.StatusOK) {
		return nil
	}
	return p.keys.strangers(list)
}

// deleteListed deletes every listed key with a name of this verification, and reports whether
// the list shows none.
func (p *probe) deleteListed(ctx context.Context) bool {
	list, err := p.send(ctx, get(protocol.KeysPath))
	if err != nil || !list.is(http.StatusOK) {
		return false
	}
	none := true
	for id, key := range listed(list) {
		if idForm.MatchString(id) && strings.HasPrefix(textOf(key, nameProperty), p.keys.prefix) {
			p.keys.add(id)
			none = false
			p.deleteKey(ctx, id)
		}
	}
	return none
}
