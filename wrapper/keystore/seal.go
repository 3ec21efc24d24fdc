package keystore

import (
	"bytes"
	"fmt"
	"slices"
)

// Purpose says who must be able to open what is sealed.
type Purpose string

const (
	// PurposeContent: the entries with their private keys, the journal and which keys are current. It is
	// for those who rotate.
	PurposeContent Purpose = "content"
	// PurposeCurrent: the current key of one base URL. It is for those who rotate and for those who
	// sign.
	PurposeCurrent Purpose = "current"
)

// Sealer seals what a store holds, so that its engine sees no clear text of it. It is safe for
// concurrent use.
type Sealer interface {
	// Seal returns plain as only Open can read it. It keeps no reference to plain.
	Seal(plain []byte, purpose Purpose) (sealed []byte, err error)
	// Open returns what was sealed. It returns an error unless sealed is, byte for byte, what Seal
	// returned under the same key.
	Open(sealed []byte) (plain []byte, err error)
}

// sealedMark begins a sealed document: a line with the head in clear text follows, and then the sealed
// content. No JSON begins so.
const sealedMark = "sealed\n"

const (
	// maxDocument is how long a document may be, sealed or not: our own choice, room for some 700 keys.
	// A request to etcd may have twice as much.
	maxDocument = 768 << 10
	// reserved is kept free for the end of a change that the journal has the beginning of, so that a key
	// that was made can be kept: our own choice.
	reserved = 64 << 10
)

const hintPrune = "run kalshi-keys store prune --older 90d, which removes the records of keys that were revoked that long ago"

// boundContent is content as it is sealed. The rest shows whether it was sealed for this place.
type boundContent struct {
	Purpose  Purpose `json:"purpose"`
	Store    string  `json:"store"`
	StoreID  string  `json:"store_id"`
	Revision int64   `json:"revision"`

	content
}

// encode returns a document as the engine keeps it, if it has room for that many bytes.
func (s *Store) encode(d *document, room int) ([]byte, error) {
	data, err := s.encodeAny(d)
	if err != nil {
		return nil, err
	}
	if len(data) > room {
		return nil, fmt.Errorf("%w: the store would hold %d KiB, and may hold %d; nothing was changed; %s",
			ErrInvalid, len(data)>>10, room>>10, hintPrune)
	}
	return data, nil
}

func (s *Store) encodeAny(d *document) ([]byte, error) {
	if s.sealer == nil {
		return d.encode(), nil
	}
	if d.sealed == nil {
		plain := encodeJSON(boundContent{PurposeContent, s.name, d.StoreID, d.Revision, d.content}, "")
		sealed, err := s.sealer.Seal(plain, PurposeContent)
		if err != nil {
			return nil, fmt.Errorf("keystore: %s was not changed: it cannot be sealed: %w", s.place, err)
		}
		d.sealed, d.contentRevision = sealed, d.Revision
	}
	return slices.Concat([]byte(sealedMark), encodeJSON(d.head, ""), d.sealed), nil
}

// decode reads what encode returned. Entries that are in known are sound. It returns a
// [*DamagedError] that quotes nothing of data.
func (s *Store) decode(data []byte, known *document) (*document, error) {
	rest, isSealed := cutMark(data)
	switch {
	case len(data) == 0:
		return &document{head: head{Store: s.name}}, nil
	case isSealed && s.sealer == nil:
		return nil, s.sealedOtherwise("it is sealed", "Open the store with the key that it was sealed with")
	case !isSealed && s.sealer != nil:
		return nil, s.sealedOtherwise("it is not sealed", "Open the store without a sealer")
	case isSealed:
		return s.unseal(rest, known)
	}
	return decodeDocument(data, s.place, known)
}

func cutMark(data []byte) (rest []byte, isSealed bool) {
	return bytes.CutPrefix(data, []byte(sealedMark))
}

// unseal reads a document behind its mark. What is known is not opened again.
func (s *Store) unseal(data []byte, known *document) (*document, error) {
	d, err := s.decodeHead(data)
	if err != nil {
		return nil, err
	}
	if d.Store != s.name { // which says more than that it cannot be unsealed
		return d, nil
	}
	if known.StoreID == d.StoreID && bytes.Equal(d.sealed, known.sealed) {
		d.content, d.contentRevision = known.content, known.contentRevision
		return d, nil
	}
	plain, err := s.sealer.Open(d.sealed)
	if err != nil { // which may quote what it is about
		return nil, s.sealedOtherwise("it cannot be unsealed with this key",
			"Open the store with the key that it was sealed with, or put back a sound copy")
	}
	var read boundContent
	switch {
	case !decodeStrict(plain, &read):
		return nil, damaged(s.place, "what is sealed in it is not the content of a store")
	case read.Purpose != PurposeContent || read.Store != s.name || read.StoreID != d.StoreID:
		return nil, damaged(s.place, "what is sealed in it was sealed for another place")
	case read.Revision > d.Revision:
		return nil, damaged(s.place, "what is sealed in it is of a later revision")
	}
	d.content, d.contentRevision = read.content, read.Revision
	if problem := d.problem(known); problem != "" {
		return nil, damaged(s.place, problem)
	}
	return d, nil
}

// decodeHead reads the head of a sealed document, and leaves the content sealed.
func (s *Store) decodeHead(data []byte) (*document, error) {
	line, sealed, _ := bytes.Cut(data, []byte("\n"))
	if err := decodeVersion(line, s.place); err != nil {
		return nil, err
	}
	d := &document{sealed: sealed}
	problem := "its head is not that of a store"
	if decodeStrict(line, &d.head) {
		problem = d.head.problem()
	}
	if problem != "" {
		return nil, damaged(s.place, problem)
	}
	return d, nil
}

func (s *Store) sealedOtherwise(problem, hint string) error {
	return &DamagedError{Path: s.place, Problem: problem, Hint: hint, keep: true}
}
