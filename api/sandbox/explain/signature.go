package explain

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
)

// Signature explains why the signature that was sent with a request does not verify by the public
// key of the key ID, RSA or Ed25519. It looks for the mistakes of the table one by one, and then
// for those of the path together with one other; it says so if none fits.
func Signature(r Request, public crypto.PublicKey, sent string) *Explanation {
	s := &search{right: textOf(r), public: public, tried: map[string]bool{}}
	size, _ := sizeOf(public)
	var e *Explanation
	for _, reading := range readingsOf(sent) {
		s.reading = reading
		if len(s.raw) == size {
			e = s.explain()
			break
		}
	}
	if e == nil {
		e = explanationOf(s.guess(sent)...)
	}
	e.Expected = s.right.shown()
	return e
}

// search looks for the mistakes with which a signature verifies. One goroutine uses it.
type search struct {
	reading
	right  signedText
	public crypto.PublicKey
	// tried holds what was verified: the table bounds it.
	tried map[string]bool
}

// explain returns the mistakes with which the signature verifies, or nil.
func (s *search) explain() *Explanation {
	if e := s.try(); e != nil {
		return e
	}
	paths := pathMistakes()
	all := slices.Concat(paths, textMistakes(), schemeMistakes())
	for _, m := range append(all, clockMistake()) {
		for _, w := range m.ways {
			if e := s.try(made{m, w}); e != nil {
				return e
			}
		}
	}
	for i, first := range paths {
		for _, second := range all[i+1:] {
			if e := s.tryPair(first, second); e != nil {
				return e
			}
		}
	}
	return nil
}

func (s *search) tryPair(first, second Mistake) *Explanation {
	for _, one := range first.ways {
		for _, other := range second.ways {
			if e := s.try(made{first, one}, made{second, other}); e != nil {
				return e
			}
		}
	}
	return nil
}

// made is a mistake that was made in this way.
type made struct {
	Mistake
	way way
}

// try verifies the signature as one that was made with these mistakes.
func (s *search) try(mistakes ...made) *Explanation {
	text, scheme := s.right, schemeOf(s.public)
	for _, m := range mistakes {
		text, scheme = m.way.apply(text, scheme)
	}
	id := fmt.Sprintf("%#v %s", scheme, text)
	if s.tried[id] || !fits(scheme, s.public) {
		return nil
	}
	s.tried[id] = true
	if !verifies(s.public, scheme, text.String(), s.raw) {
		return nil
	}
	all := slices.Clone(s.mistakes)
	for _, m := range mistakes {
		if m.Name == saltLength {
			m.way.detail = describeSalt(s.public.(*rsa.PublicKey), text.String(), s.raw)
		}
		all = append(all, found{m.Name, m.way.detail})
	}
	e := explanationOf(all...)
	if text.String() != s.right.String() {
		e.Signed = text.shown()
	}
	return e
}

// guess says what the form of a signature tells where nothing verifies.
func (s *search) guess(sent string) []found {
	size, keyType := sizeOf(s.public)
	whole := base64.StdEncoding.EncodedLen(size)
	isFirstLine := (len(sent) == 64 || len(sent) == 76) && len(sent) < whole && s.mistakes == nil
	switch {
	case len(s.raw) == 0:
		return []found{{name: "not_base64"}}
	case isFirstLine:
		return []found{{"base64_cut", fmt.Sprintf("%d characters of %d", len(sent), whole)}}
	case len(s.raw) == sha256.Size:
		return append(s.mistakes, found{name: "hmac"})
	case len(s.raw) == size:
		return append(s.mistakes, found{"unknown", "the text expected is " + strconv.QuoteToASCII(s.right.shown())})
	}
	return append(s.mistakes, found{"other_algorithm", fmt.Sprintf("%d bytes instead of the %d of this %s key", len(s.raw), size, keyType)})
}
