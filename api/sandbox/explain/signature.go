package explain

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"strconv"
)

// maxVerifications bounds the search. A verification takes some 30 µs with RSA of 2048 bits, and
// twice that with Ed25519.
const maxVerifications = 700

// Signature explains why the signature that was sent with a request does not verify by the public
// key of the key ID. It looks for the mistakes of the table one by one, and then for those of the
// path together with one other; it says so if none fits.
func Signature(r Request, public crypto.PublicKey, sent string) *Explanation {
	s := &search{right: textOf(r), public: public, left: maxVerifications, tried: map[string]bool{}}
	expected, _ := signatureLength(public)
	var e *Explanation
	for _, reading := range readingsOf(sent) {
		s.raw, s.encoding = reading.raw, reading.encoding
		if len(s.raw) == expected {
			e = s.explain()
			break
		}
	}
	if e == nil {
		e = s.guess(sent)
	}
	e.Expected = s.right.shown()
	return e
}

// search looks for what a signature is of. One goroutine uses it.
type search struct {
	right  signedText
	public crypto.PublicKey
	// left is how many verifications may still be made.
	left int
	// raw holds the bytes of the signature, and encoding what is wrong with how they were written.
	raw      []byte
	encoding []found
	tried    map[string]bool
}

// candidate is one way to make one mistake.
type candidate struct {
	Mistake
	way way
}

func candidates(keep func(Mistake) bool) []candidate {
	var all []candidate
	for _, m := range append(textMistakes(), schemeMistakes()...) {
		for _, w := range m.ways {
			if keep(m) && (w.text != nil || w.scheme != nil) {
				all = append(all, candidate{m, w})
			}
		}
	}
	return all
}

// explain returns the mistakes with which the signature verifies, or nil.
func (s *search) explain() *Explanation {
	if e := s.try(); e != nil {
		return e
	}
	for _, one := range candidates(func(Mistake) bool { return true }) {
		if e := s.try(one); e != nil {
			return e
		}
	}
	paired := candidates(func(m Mistake) bool { return !m.single })
	for i, first := range paired {
		for _, second := range paired[i+1:] {
			if !first.ofPath || first.Name == second.Name {
				continue
			}
			if e := s.try(first, second); e != nil {
				return e
			}
		}
	}
	return nil
}

// try verifies the signature as one that was made with these mistakes.
func (s *search) try(made ...candidate) *Explanation {
	ways := make([]way, 0, len(made))
	for _, one := range made {
		ways = append(ways, one.way)
	}
	text, scheme := with(s.right, rightScheme(s.public), ways...)
	id := fmt.Sprintf("%#v %s", scheme, text.bytes())
	if s.left == 0 || s.tried[id] || !fitsKey(scheme, s.public) {
		return nil
	}
	s.tried[id] = true
	s.left--
	if !verifies(s.public, scheme, text.bytes(), s.raw) {
		return nil
	}
	all := append([]found{}, s.encoding...)
	for _, one := range made {
		detail := one.way.detail
		if public, isRSA := s.public.(*rsa.PublicKey); isRSA && one.Name == saltLength {
			detail = describeSalt(public, text.bytes(), s.raw)
		}
		all = append(all, found{one.Name, detail})
	}
	e := explanationOf(all...)
	if string(text.bytes()) != string(s.right.bytes()) {
		e.Signed = text.shown()
	}
	return e
}

// guess says what the form of a signature tells where nothing verifies.
func (s *search) guess(sent string) *Explanation {
	expected, keyType := signatureLength(s.public)
	firstLine := standard.encode(make([]byte, expected))
	switch {
	case len(s.raw) == 0:
		return explanationOf(found{name: "not_base64"})
	case (len(sent) == 64 || len(sent) == 76) && len(sent) < len(firstLine) && s.encoding == nil:
		return explanationOf(found{"base64_cut", fmt.Sprintf("%d characters of %d", len(sent), len(firstLine))})
	case len(s.raw) == sha256.Size:
		return explanationOf(append(s.encoding, found{name: "hmac"})...)
	case len(s.raw) == expected:
		return explanationOf(append(s.encoding, found{"unknown", "the text expected is " + strconv.QuoteToASCII(s.right.shown())})...)
	}
	detail := fmt.Sprintf("%d bytes instead of the %d of this %s key", len(s.raw), expected, keyType)
	return explanationOf(append(s.encoding, found{"other_algorithm", detail})...)
}
