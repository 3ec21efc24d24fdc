package drift

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// ErrDocument is wrapped by every error that is about the other document: it cannot be read, it
// is too large, it is no OpenAPI 3 document, or it is one of several in a file.
var ErrDocument = errors.New("cannot compare with this document")

// maxDocumentBytes bounds what is read. The service's whole document has about 250 kB.
const maxDocumentBytes = 16 << 20

// load reads and parses a document and resolves the references inside it.
func load(r io.Reader) (doc *openapi3.T, err error) {
	data, err := io.ReadAll(io.LimitReader(r, maxDocumentBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%w: reading it: %w", ErrDocument, err)
	}
	if len(data) > maxDocumentBytes {
		return nil, fmt.Errorf("%w: it is larger than %d MiB", ErrDocument, maxDocumentBytes>>20)
	}
	if several(data) {
		return nil, fmt.Errorf("%w: it is one of several YAML documents, and the others would not be looked at; split them", ErrDocument)
	}
	loader := openapi3.NewLoader()
	loader.ReadFromURIFunc = refuse
	err = guarded(func() (err error) {
		doc, err = loader.LoadFromData(data)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDocument, err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.") {
		return nil, fmt.Errorf("%w: it is no OpenAPI 3 document (openapi: %q)", ErrDocument, doc.OpenAPI)
	}
	if doc.Paths.Len() == 0 {
		return nil, fmt.Errorf("%w: it has no paths", ErrDocument)
	}
	return doc, nil
}

// boundary matches a line that ends a YAML document or begins one. No line inside of a document
// is such a line (source: YAML 1.2.2, 9.1.2).
var boundary = regexp.MustCompile(`^(---|\.\.\.)(\s|$)`)

// several reports whether there is more than one YAML document with anything in it: the parser
// takes the first and is silent about the others.
func several(data []byte) bool {
	count, inside := 0, false
	for line := range bytes.Lines(bytes.TrimPrefix(data, []byte("\ufeff"))) {
		if boundary.Match(line) {
			inside, line = false, line[len("---"):]
		}
		content := bytes.TrimSpace(line)
		// What begins with % before a document is a directive.
		if !inside && len(content) > 0 && content[0] != '#' && content[0] != '%' {
			count, inside = count+1, true
		}
	}
	return count > 1
}

// guarded turns a panic of f into an error. Parser and diff are not ours, and the document is
// outside input: a panic of the one on the other must not end the program.
func guarded(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: the OpenAPI library gave up on it (%v); check it with an OpenAPI linter", ErrDocument, p)
		}
	}()
	return f()
}

// refuse is in place of whatever fetches a reference to another document.
func refuse(_ *openapi3.Loader, location *url.URL) ([]byte, error) {
	return nil, fmt.Errorf("it refers to %s, and references to other documents are not followed; bundle it into one document first", location.Redacted())
}
