package keystore

import (
	"bytes"
	"fmt"
)

// Sealer seals the whole document of a store, so that its engine sees no clear text. It is safe for
// concurrent use.
type Sealer interface {
	// Seal returns plain as only Open can read it. It keeps no reference to plain.
	Seal(plain []byte) (sealed []byte, err error)
	// Open returns what was sealed. It returns an error unless sealed is, byte for byte, what Seal
	// returned under the same key.
	Open(sealed []byte) (plain []byte, err error)
}

// sealedMark begins a sealed document. No JSON begins so.
const sealedMark = "sealed\n"

// maxDocument is how long a document may be, sealed or not: our own choice, room for some thousand
// keys.
const maxDocument = 4 << 20

// encode returns a document as the engine keeps it.
func (s *Store) encode(d *document) ([]byte, error) {
	data := d.encode()
	if s.sealer != nil {
		sealed, err := s.sealer.Seal(data)
		if err != nil {
			return nil, fmt.Errorf("keystore: %s was not changed: it cannot be sealed: %w", s.place, err)
		}
		data = append([]byte(sealedMark), sealed...)
	}
	if len(data) > maxDocument {
		return nil, fmt.Errorf("%w: the store would hold more than %d bytes", ErrInvalid, maxDocument)
	}
	return data, nil
}

// decode reads what encode returned. Entries that are in known are sound. It returns a
// [*DamagedError] that quotes nothing of data.
func (s *Store) decode(data []byte, known *document) (*document, error) {
	sealed, isSealed := bytes.CutPrefix(data, []byte(sealedMark))
	switch {
	case len(data) == 0:
		return &document{}, nil
	case isSealed && s.sealer == nil:
		return nil, s.sealedOtherwise("it is sealed", "Open the store with the key that it was sealed with")
	case !isSealed && s.sealer != nil:
		return nil, s.sealedOtherwise("it is not sealed", "Open the store without a sealer")
	case isSealed:
		plain, err := s.sealer.Open(sealed)
		if err != nil { // which may quote what it is about
			return nil, s.sealedOtherwise("it cannot be unsealed with this key", "Open the store with the key that it was sealed with, or put back a sound copy")
		}
		data = plain
	}
	return decodeDocument(data, s.place, known)
}

func (s *Store) sealedOtherwise(problem, hint string) error {
	return &DamagedError{Path: s.place, Problem: problem, Hint: hint, keep: true}
}
