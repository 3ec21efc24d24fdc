package verify

import (
	"cmp"
	"slices"
	"strings"

	"kalshi.internal/apikeys/api/contract"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// exampleSubtrader is of the documented form and, with luck, nobody's.
const exampleSubtrader = "00000000-0000-4000-8000-000000000000_verify1"

// subtraderList asks for its keys only.
const subtraderList = protocol.KeysPath + "?" + subtraderProperty + "=" + exampleSubtrader

// checkListed wants a new key in the list, once, under its name and with what was asked for. A
// server that grants more than that, or leaves a restriction out, endangers the account, and no
// answer but the list shows it.
func (p *probe) checkListed(op *contract.Operation, m making, id, name string) {
	missing := "a key that was made is not in the list"
	p.eventually(op, m.name, "the new key is in the list", get(protocol.KeysPath), func(list *answer) string {
		switch key := listed(list)[id]; {
		case key == nil:
			return missing
		case textOf(key, nameProperty) != name:
			return "the list shows the key under another name"
		default:
			return cmp.Or(notAsAsked(key, m.body), listedTwice(list))
		}
	})
	if m.varied == subtraderProperty {
		p.eventually(op, m.name, "the new key is in the subtrader's list", get(subtraderList), func(list *answer) string {
			return cmp.Or(unless(listed(list)[id] != nil, missing), notBound(list))
		})
	}
}

// listedKeys returns the keys of a list that have an ID, in its order, also of a list that breaks
// the contract elsewhere.
func listedKeys(list *answer) []map[string]any {
	if list == nil {
		return nil
	}
	items, _ := list.body["api_keys"].([]any)
	var keys []map[string]any
	for _, item := range items {
		if key, _ := item.(map[string]any); textOf(key, keyIDProperty) != "" {
			keys = append(keys, key)
		}
	}
	return keys
}

// listed returns the keys of a list by ID.
func listed(list *answer) map[string]map[string]any {
	keys := map[string]map[string]any{}
	for _, key := range listedKeys(list) {
		keys[textOf(key, keyIDProperty)] = key
	}
	return keys
}

// notAsAsked tells in what a listed key differs from what the body of its making asked for, and
// returns "" if in nothing. Without scopes that is full access (source: published), and without a
// subaccount or a subtrader it is no such restriction.
func notAsAsked(key map[string]any, body fields) string {
	all, _ := decode([]byte(fullAccess))
	scopes := cmp.Or(sorted(body.value(scopesProperty)), sorted(all))
	if sorted(key[scopesProperty]) != scopes {
		return "the list does not show exactly the scopes " + scopes
	}
	for _, name := range []string{subaccountProperty, subtraderProperty} {
		switch asked := body.value(name); {
		case key[name] == asked:
		case asked == nil:
			return "the list shows a " + name + " that was not asked for"
		default:
			return "the list does not show the " + name + " that was asked for"
		}
	}
	return ""
}

// sorted returns the texts of an array in one order, with "and" between them, or "" for anything
// else. A server may put anything among them, so it is compared, and never shown.
func sorted(array any) string {
	items, _ := array.([]any)
	var texts []string
	for _, item := range items {
		text, _ := item.(string)
		texts = append(texts, text)
	}
	slices.Sort(texts)
	return strings.Join(texts, " and ")
}

// notBound tells whether the list of the example subtrader shows keys that are not bound to it.
func notBound(list *answer) string {
	for _, key := range listedKeys(list) {
		if textOf(key, subtraderProperty) != exampleSubtrader {
			return "the list of a subtrader shows a key that is not bound to it"
		}
	}
	return ""
}

// listedTwice tells whether a list shows a key more than once.
func listedTwice(list *answer) string {
	seen := map[string]bool{}
	for _, key := range listedKeys(list) {
		id := strings.ToLower(textOf(key, keyIDProperty))
		if seen[id] {
			return "the list shows the key " + shownID(id) + " more than once"
		}
		seen[id] = true
	}
	return ""
}
