package drift

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"go.yaml.in/yaml/v4"
)

// ErrDocument is wrapped by every error about a document: it cannot be read, it is too large, it
// is not an OpenAPI 3 document, or its file holds several documents.
var ErrDocument = errors.New("cannot compare with this document")

// maxDocumentBytes bounds what is read. The service's whole document has about 250 kB.
const maxDocumentBytes = 16 << 20

// object is a JSON object.
type object = map[string]any

// document is an OpenAPI document as JSON values. References in it are followed where they are
// needed, so that a broken one elsewhere does no harm.
type document struct{ root object }

func read(r io.Reader) (document, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxDocumentBytes+1))
	if err != nil {
		return document{}, fmt.Errorf("%w: reading it: %w", ErrDocument, err)
	}
	root, err := parse(data)
	if err != nil {
		return document{}, fmt.Errorf("%w: %w", ErrDocument, err)
	}
	if version := text(root["openapi"]); !strings.HasPrefix(version, "3.") {
		return document{}, fmt.Errorf("%w: it is not an OpenAPI 3 document (openapi: %q)", ErrDocument, version)
	}
	if len(objectOf(root["paths"])) == 0 {
		return document{}, fmt.Errorf("%w: it has no paths", ErrDocument)
	}
	return document{root}, nil
}

func parse(data []byte) (root object, err error) {
	switch {
	case len(data) > maxDocumentBytes:
		return nil, fmt.Errorf("it is larger than %d MiB", maxDocumentBytes>>20)
	case bytes.HasPrefix(bytes.TrimSpace(data), []byte("<")):
		return nil, errors.New("it is HTML or XML; give the YAML or JSON document itself")
	case !json.Valid(data):
		if data, err = yamlToJSON(data); err != nil {
			return nil, err
		}
	}
	return root, json.Unmarshal(data, &root)
}

// yamlToJSON accepts one document. The YAML library bounds nesting and the expansion of aliases.
func yamlToJSON(data []byte) ([]byte, error) {
	var value any
	for decoder := yaml.NewDecoder(bytes.NewReader(data)); ; {
		var node yaml.Node
		if err := decoder.Decode(&node); errors.Is(err, io.EOF) {
			return json.Marshal(value)
		} else if err != nil {
			return nil, err
		}
		plainScalars(&node)
		var next any
		if err := node.Decode(&next); err != nil {
			return nil, err
		}
		if value != nil && next != nil {
			return nil, errors.New("it is one of several YAML documents, and the others would not be looked at; split them")
		}
		if next != nil {
			value = next
		}
	}
}

// plainScalars makes texts of what JSON has no form for: keys that are numbers, as statuses
// without quotes are, and dates.
func plainScalars(node *yaml.Node) {
	if node.ShortTag() == "!!timestamp" {
		node.Tag = "!!str"
	}
	for i, child := range node.Content {
		plainScalars(child)
		if node.Kind == yaml.MappingNode && i%2 == 0 && child.Kind == yaml.ScalarNode && child.ShortTag() != "!!merge" {
			child.Tag = "!!str"
		}
	}
}

// resolve returns the value itself or, if it is a reference, what that leads to, and the
// references on the way.
func (d document) resolve(value any) (target any, refs []string, err error) {
	for {
		ref, refers := objectOf(value)["$ref"].(string)
		if !refers {
			return value, refs, nil
		}
		if refs = append(refs, ref); len(refs) > maxReferences {
			return nil, refs, fmt.Errorf("its reference %s leads from one to the next without an end", ref)
		}
		if value, err = d.at(ref); err != nil {
			return nil, refs, err
		}
	}
}

// maxReferences bounds a chain of references that lead to references.
const maxReferences = 100

// at returns what stands at the place in the document that a reference names.
func (d document) at(ref string) (any, error) {
	fragment, inside := strings.CutPrefix(ref, "#/")
	if !inside {
		if u, err := url.Parse(ref); err == nil {
			ref = u.Redacted()
		}
		return nil, fmt.Errorf("it refers to %s, and references to other documents are not followed; bundle it into one document first", ref)
	}
	var value any = d.root
	for name := range strings.SplitSeq(fragment, "/") {
		if unescaped, err := url.PathUnescape(name); err == nil {
			name = unescaped
		}
		value = objectOf(value)[strings.ReplaceAll(strings.ReplaceAll(name, "~1", "/"), "~0", "~")]
	}
	if value == nil {
		return nil, fmt.Errorf("its reference %s leads nowhere", ref)
	}
	return value, nil
}

// objectOf, list and text are a value if it is of that type, and otherwise empty.
func objectOf(value any) object { o, _ := value.(object); return o }
func list(value any) []any      { l, _ := value.([]any); return l }
func text(value any) string     { s, _ := value.(string); return s }
