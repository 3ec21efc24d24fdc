package drift

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oasdiff/oasdiff/diff"

	"kalshi.internal/apikeys/gen/spec"
)

// Compare reads an OpenAPI document, at most 16 MiB of YAML or JSON, and reports what it changes
// for users of this module's contract. It fetches nothing. Every error about the document wraps
// [ErrDocument]. It keeps no state; concurrent use is safe.
func Compare(revision io.Reader) (*Report, error) {
	contract, err := spec.GetSpec()
	if err != nil {
		return nil, fmt.Errorf("reading the embedded contract: %w", err)
	}
	theirs, err := load(revision)
	if err != nil {
		return nil, err
	}
	return report(contract, theirs)
}

// CompareDocuments is [Compare] with another contract than this module's, for example two
// revisions of the service's document. The operations compared are those of contract.
func CompareDocuments(contract, revision io.Reader) (*Report, error) {
	ours, err := load(contract)
	if err != nil {
		return nil, fmt.Errorf("the contract: %w", err)
	}
	theirs, err := load(revision)
	if err != nil {
		return nil, fmt.Errorf("the revision: %w", err)
	}
	return report(ours, theirs)
}

func report(contract, revision *openapi3.T) (*Report, error) {
	var changes []Change
	err := guarded(func() (err error) {
		changes, err = compare(operationsOf(contract), operationsOf(revision))
		return err
	})
	if err != nil {
		return nil, err
	}
	sortChanges(changes)
	return &Report{Contract: titleOf(contract), Revision: titleOf(revision), Changes: changes}, nil
}

func titleOf(doc *openapi3.T) Document {
	if doc.Info == nil {
		return Document{}
	}
	return Document{Title: doc.Info.Title, Version: doc.Info.Version}
}

// compare matches the operations and compares each pair.
func compare(ours, theirs []operation) ([]Change, error) {
	var r recorder
	var pairs []pair
	for _, o := range ours {
		match, found := find(o, theirs)
		if !found {
			r.of(o).add(Breaking, "presence", o.method+" "+o.path, "",
				"The operation is gone: calling it fails.")
			continue
		}
		pairs = append(pairs, pair{o, match})
	}
	r.servers(pairs)
	for _, p := range pairs {
		if err := r.compare(p); err != nil {
			return nil, fmt.Errorf("%w: %s %s: %w", ErrDocument, p.theirs.method, p.theirs.path, err)
		}
	}
	for _, o := range theirs {
		taken := slices.ContainsFunc(pairs, func(p pair) bool { return p.theirs.node == o.node })
		if !taken && concernsAPIKeys(o) {
			r.of(o).add(Additive, "presence", "", o.method+" "+o.path,
				"There is an operation for API keys that this client does not have.")
		}
	}
	return r.changes, nil
}

// pair is an operation of the contract and its match in the other document.
type pair struct{ ours, theirs operation }

// compare compares the operations of a pair, servers apart.
func (r *recorder) compare(p pair) error {
	base, err := comparableCopy(p.ours, p.ours.path)
	if err != nil {
		return err
	}
	revision, err := comparableCopy(p.theirs, p.ours.path)
	if err != nil {
		return err
	}
	s := r.of(p.ours)
	s.security(p.ours.security, p.theirs.security)
	if a, b := p.ours.node.OperationID, p.theirs.node.OperationID; !strings.EqualFold(a, b) {
		s.add(Text, "operation ID", a, b, "Names in generated code change; nothing that is sent does.")
	}
	return r.differences(p.ours, base, revision)
}

// differences compares two comparable copies of an operation.
func (r *recorder) differences(at operation, base, revision *openapi3.Operation) error {
	d, err := diff.Get(diff.NewConfig(diff.WithExcludeElements([]string{diff.ExcludeExtensionsOption})),
		documentOf(at, base), documentOf(at, revision))
	if err != nil || d == nil || d.PathsDiff == nil {
		return err
	}
	for _, path := range d.PathsDiff.Modified {
		for _, method := range path.OperationsDiff.Modified {
			r.of(at).method(method)
		}
	}
	return nil
}

// documentOf is a document of one operation.
func documentOf(at operation, node *openapi3.Operation) *openapi3.T {
	item := &openapi3.PathItem{}
	item.SetOperation(at.method, node)
	return &openapi3.T{OpenAPI: "3.0.3", Paths: openapi3.NewPaths(openapi3.WithPath(at.path, item))}
}
