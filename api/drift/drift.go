package drift

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"sync"

	"kalshi.internal/apikeys/gen/spec"
)

// Compare reads an OpenAPI document, at most 16 MiB of YAML or JSON, and reports what it changes
// for users of this module's contract. It fetches nothing. Every error about the document wraps
// [ErrDocument]. It keeps no state; concurrent use is safe.
func Compare(revision io.Reader) (*Report, error) {
	ours, err := embedded()
	if err != nil {
		return nil, fmt.Errorf("reading the embedded contract: %w", err)
	}
	theirs, err := read(revision)
	if err != nil {
		return nil, err
	}
	return report(ours, theirs)
}

// embedded reads this module's contract once. Nobody changes a document.
var embedded = sync.OnceValues(func() (document, error) {
	contract, err := spec.GetSpecJSON()
	if err != nil {
		return document{}, err
	}
	return read(bytes.NewReader(contract))
})

// CompareDocuments is [Compare] with another contract than this module's, for example two
// revisions of the service's document. Of both, only what concerns API keys is compared.
func CompareDocuments(contract, revision io.Reader) (*Report, error) {
	ours, err := read(contract)
	if err != nil {
		return nil, fmt.Errorf("the contract: %w", err)
	}
	theirs, err := read(revision)
	if err != nil {
		return nil, fmt.Errorf("the revision: %w", err)
	}
	return report(ours, theirs)
}

func report(contract, revision document) (*Report, error) {
	changes, err := compare(contract, revision)
	if err != nil {
		return nil, err
	}
	sortChanges(changes)
	return &Report{Contract: titleOf(contract), Revision: titleOf(revision), Changes: changes}, nil
}

func titleOf(d document) Document {
	info := objectOf(d.root["info"])
	return Document{Title: text(info["title"]), Version: text(info["version"])}
}

// compare matches the operations and compares each pair.
func compare(contract, revision document) (changes []Change, err error) {
	ours, err := contract.operations()
	if err != nil {
		return nil, err
	}
	theirs, err := revision.operations()
	if err != nil {
		return nil, err
	}
	j := newJudge()
	for _, o := range ours {
		if !o.concernsAPIKeys() {
			continue
		}
		match, found := find(o, theirs)
		if !found {
			c := o.change()
			c.Kind, c.Was, c.Meaning = Breaking, o.method+" "+o.path, "The operation is gone: calling it fails."
			changes = append(changes, c)
			continue
		}
		theirs = slices.DeleteFunc(theirs, func(t operation) bool { return t.method == match.method && t.path == match.path })
		between, err := comparePair(j, o, match)
		if err != nil {
			return nil, fmt.Errorf("%w: %s %s: %w", ErrDocument, match.method, match.path, err)
		}
		changes = append(changes, between...)
	}
	for _, o := range theirs {
		if o.concernsAPIKeys() {
			c := o.change()
			c.Kind, c.Is, c.Meaning = Additive, o.method+" "+o.path, "There is an operation for API keys that this client does not have."
			changes = append(changes, c)
		}
	}
	return changes, nil
}

// change returns a [Change] of the operation as a whole. The caller fills in what changed.
func (o operation) change() Change {
	return Change{Operation: o.id(), Method: o.method, Path: o.path, Place: "operation", Aspect: "presence"}
}

func comparePair(j judge, o, match operation) ([]Change, error) {
	ours, err := o.expand(o.path)
	if err != nil {
		return nil, err
	}
	theirs, err := match.expand(o.path)
	if err != nil {
		return nil, err
	}
	ours["servers"], theirs["servers"] = o.serversBelow(match.path), match.serversBelow(o.path)
	var w walker
	w.compare(nil, part, "", ours, theirs)
	if len(w.edits) > maxEdits {
		return nil, fmt.Errorf("it differs from the contract in more than %d places", maxEdits)
	}
	at := o.change()
	changes := compareSecurity(at, o.alternatives(), match.alternatives())
	j = j.of(o, ours)
	for _, e := range w.edits {
		kind, meaning, err := j.verdict(e)
		if err != nil {
			return nil, err
		}
		if e.known && kind != Text {
			kind = Known
		}
		e.Kind, e.Meaning = kind, meaning
		e.Operation, e.Method, e.Path = at.Operation, at.Method, at.Path
		changes = append(changes, e.Change)
	}
	return changes, nil
}
