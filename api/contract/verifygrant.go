package contract

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// checkListed wants a new key in the list, once, under its name and with what was asked for. A
// server that grants more than that, or leaves a restriction out, endangers the account, and no
// answer but the list shows it.
func (p *probe) checkListed(op *operation, m making, a attempt, id, name string) {
	list, waited := p.listWith(get("/api_keys"), id)
	if p.ctx.Err() != nil {
		return
	}
	var text string
	switch key := listed(list)[id]; {
	case key == nil:
		text = fmt.Sprintf("a key that was made is not in the list after %v", waited)
	case memberText(key, nameProperty) != name:
		text = "the list shows the key under another name"
	default:
		text = notAsAsked(key, m.body)
	}
	if text == "" {
		text = listedTwice(list)
	}
	p.find(op, m.name+": the new key is in the list", a, http.StatusCreated, Breaking, text)
	if m.body[subtraderProperty] != "" {
		p.checkSubtraderList(op, m.name, id)
	}
}

// checkSubtraderList wants a key that was made for a subtrader in the subtrader's list.
func (p *probe) checkSubtraderList(op *operation, name, id string) {
	a := get(subtraderList)
	list, waited := p.listWith(a, id)
	if p.ctx.Err() != nil {
		return
	}
	status, text := 0, notBound(list)
	if list != nil {
		status = list.status
	}
	if listed(list)[id] == nil {
		text = fmt.Sprintf("a key that was made for the subtrader is not in the subtrader's list after %v", waited)
	}
	p.find(op, name+": the new key is in the subtrader's list", get("/api_keys"), status, Breaking, text)
}

// listWith asks for a list until it has the key, for at most as long as it returns with the last
// answer, which is nil if there was none. A list that did not get one key in time gets no time for
// the others: two dozen are made, and each would be waited for in vain.
func (p *probe) listWith(a attempt, id string) (list *answer, waited time.Duration) {
	look := func() bool {
		got, err := p.send(p.ctx, a)
		if err == nil {
			list = got
		}
		return err == nil && listed(got)[id] != nil
	}
	if p.late[a.path] {
		look()
		return list, 0
	}
	p.late[a.path] = !p.settles(p.ctx, look)
	return list, p.settings.settle
}

// notAsAsked tells in what a listed key differs from what the body of its making asked for, and
// returns "" if in nothing. Without scopes that is full access (source: published), and without a
// subaccount or a subtrader it is no such restriction.
func notAsAsked(key *value, asked fields) string {
	scopes := []string{scopeRead, scopeWrite}
	if text, ok := asked[scopesProperty]; ok {
		// The body is made by this package.
		parsed, _ := parse([]byte(text))
		scopes = textsOf(&parsed)
	}
	switch shown := key.member(scopesProperty); {
	case shown == nil || !slices.Equal(textsOf(shown), scopes):
		return "the list does not show exactly the scopes " + strings.Join(scopes, " and ")
	case jsonText(key.member(subaccountProperty)) != asked[subaccountProperty]:
		return "the list does not show " + restriction("subaccount", asked[subaccountProperty])
	case jsonText(key.member(subtraderProperty)) != asked[subtraderProperty]:
		return "the list does not show " + restriction("subtrader", asked[subtraderProperty])
	}
	return ""
}

func restriction(kind, asked string) string {
	if asked == "" {
		return "the key as free of any " + kind + ", as it was asked for"
	}
	return "the key as restricted to the " + kind + " that it was asked for"
}

// textsOf returns the texts of an array, sorted.
func textsOf(array *value) []string {
	var texts []string
	for _, item := range array.items {
		texts = append(texts, item.text)
	}
	slices.Sort(texts)
	return texts
}

// jsonText returns a text or a number as [fields] have it, and "" for null and nothing.
func jsonText(v *value) string {
	switch {
	case v == nil || v.kind == nullKind:
		return ""
	case v.kind == stringKind:
		return quote(v.text)
	default:
		return v.text
	}
}

func memberText(object *value, name string) string {
	if found := object.member(name); found != nil {
		return found.text
	}
	return ""
}

// notBound tells whether the list of the example subtrader shows keys that are not bound to it.
func notBound(list *answer) string {
	for _, key := range listed(list) {
		if memberText(key, subtraderProperty) != exampleSubtrader {
			return "the list of a subtrader shows a key that is not bound to it"
		}
	}
	return ""
}

// listedTwice tells whether a list shows a key more than once.
func listedTwice(list *answer) string {
	count := map[string]int{}
	for _, key := range listedKeys(list) {
		count[strings.ToLower(memberText(key, keyIDProperty))]++
	}
	for _, id := range slices.Sorted(maps.Keys(count)) {
		if count[id] > 1 {
			return "the list shows the key " + safeName(id) + " more than once"
		}
	}
	return ""
}
