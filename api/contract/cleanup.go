package contract

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// deleteMade deletes the keys that have been made so far. It is no check and tries once: what
// it cannot delete is left to cleanUp.
func (p *probe) deleteMade() {
	for _, id := range slices.Sorted(maps.Keys(p.made)) {
		if p.ctx.Err() != nil || p.made[id].tried {
			continue
		}
		p.made[id] = fate{tried: true}
		p.deleteKey(p.ctx, id)
	}
}

func (p *probe) deleteKey(ctx context.Context, id string) {
	if p.kept[strings.ToLower(id)] {
		return
	}
	got, err := p.send(ctx, attempt{method: http.MethodDelete, path: "/api_keys/" + id})
	if err == nil && (got.succeeded() || got.is(http.StatusNotFound)) {
		delete(p.made, id)
	}
}

// cleanUp deletes whatever is left, also what an answer that got lost has made: such a key is
// known by its name. It has a context of its own, because it is needed most when the other one
// has ended. Where nothing was sent that may make a key, there is nothing to look for.
func (p *probe) cleanUp() {
	if !p.posted {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), cleanupTime)
	defer cancel()
	op := operationAt(http.MethodDelete, "/api_keys/{api_key}")
	check := Check{Operation: op.id, Name: "cleaning up", Request: op.method + " " + op.path}
	if p.lost {
		// The list may not show yet what it is asked for.
		_ = wait(ctx, p.settings.settle)
	}
	read := p.settles(ctx, func() bool { return p.deleteListed(ctx) })
	for _, id := range slices.Sorted(maps.Keys(p.made)) {
		p.deleteKey(ctx, id)
	}
	for _, id := range slices.Sorted(maps.Keys(p.made)) {
		check.add(Breaking, fmt.Sprintf("key %s could not be deleted: delete it by hand", safeName(id)))
	}
	if !read {
		check.add(Breaking, "keys may be left, because the list could not be read or still shows some: look for names that begin with "+p.prefix)
	}
	for _, id := range p.strangers(ctx) {
		check.add(Breaking, fmt.Sprintf("key %s has come into the list during the verification, and no answer told of it: "+
			"unless another program of the account has made it, a wrong request that was accepted has; delete it by hand then", safeName(id)))
	}
	p.write(check)
}

// strangers returns the IDs of listed keys that were not there at the start and that this
// verification does not know to be its own.
func (p *probe) strangers(ctx context.Context) []string {
	list, err := p.send(ctx, get("/api_keys"))
	if err != nil || !list.is(http.StatusOK) {
		return nil
	}
	found := listed(list)
	maps.DeleteFunc(found, func(id string, _ *value) bool {
		return p.kept[strings.ToLower(id)] || p.told[strings.ToLower(id)]
	})
	return slices.Sorted(maps.Keys(found))
}

// deleteListed deletes every listed key with a name of this verification, and reports whether
// the list shows none.
func (p *probe) deleteListed(ctx context.Context) bool {
	list, err := p.send(ctx, get("/api_keys"))
	if err != nil || !list.is(http.StatusOK) {
		return false
	}
	none := true
	for id, key := range listed(list) {
		if idForm.MatchString(id) && strings.HasPrefix(memberText(key, nameProperty), p.prefix) {
			p.madeKey(id)
			none = false
			p.deleteKey(ctx, id)
		}
	}
	return none
}
