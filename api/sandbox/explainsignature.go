package sandbox

import (
	"cmp"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// The bounds of the search. A verification takes some 30 µs with RSA of 2048 bits, and twice
// that with Ed25519.
const (
	maxVerifications = 600
	maxOtherKeys     = 64
)

// explainSignature finds out which text, way and key a signature is of, where it is not of
// the right ones.
func (s *Sandbox) explainSignature(r *http.Request, given credentials, named key) *Explanation {
	right := signedText{timestamp: given.timestamp, method: r.Method, path: rawPath(r)}
	search := &search{right: right, slips: slipsIn(r, right, bodyOf(r)), named: named, others: s.otherKeys(named), left: maxVerifications}
	var e *Explanation
	for _, each := range readings(given.signature) {
		if e = search.explain(each); e.isCertain() {
			break
		}
	}
	e.Expected = right.shown()
	return e
}

// bodyOf reads the body of a request that is about to be refused, unless the client waits to
// be asked for it.
func bodyOf(r *http.Request) string {
	if r.ContentLength <= 0 || r.ContentLength > maxBody || r.Header.Get("Expect") != "" {
		return ""
	}
	body, _ := io.ReadAll(io.LimitReader(r.Body, maxBody))
	return string(body)
}

// otherKeys returns the keys made last, those of the same account first.
func (s *Sandbox) otherKeys(named key) []key {
	keys := slices.DeleteFunc(s.keys.all(), func(k key) bool { return k.id == named.id })
	slices.Reverse(keys)
	rank := func(k key) int {
		if k.account == named.account {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(keys, func(a, b key) int { return cmp.Compare(rank(a), rank(b)) })
	return keys[:min(len(keys), maxOtherKeys)]
}

// search looks for what a signature is of. One goroutine uses it.
type search struct {
	right  signedText
	slips  slips
	named  key
	others []key
	// left is how many verifications may still be made.
	left int
}

// explain goes from what is likely to what is not, and guesses if nothing fits.
func (s *search) explain(given reading) *Explanation {
	var e *Explanation
	try := func(made ...slip) bool {
		e = s.tryText(given, likelyWays(), made...)
		return e != nil
	}
	if try() || s.slips.each(try) {
		return e
	}
	if e := s.tryText(given, rareWays()); e != nil {
		return e
	}
	if e := s.tryOtherKeys(given); e != nil {
		return e
	}
	if s.slips.pairs(try) {
		return e
	}
	return explanationOf(slices.Concat(given.mistakes, guess(s.named, given.raw, s.right))...)
}

// tryText holds the signature against a text with these slips, by the key that was named.
func (s *search) tryText(given reading, ways []verification, made ...slip) *Explanation {
	text := s.right
	for _, slip := range made {
		slip.apply(&text)
	}
	for _, way := range ways {
		if !s.verifies(way, s.named, text, given.raw) {
			continue
		}
		var inText []finding
		for _, slip := range made {
			inText = append(inText, slip.finding)
		}
		e := explanationOf(slices.Concat(given.mistakes, inText, inTheWay(way, s.named, given.raw))...)
		if len(made) > 0 {
			e.Signed = text.shown()
		}
		return e
	}
	return nil
}

// inTheWay returns what is wrong with how a signature was made.
func inTheWay(way verification, by key, raw []byte) []finding {
	if way.mistake != "" {
		return []finding{{mistake: way.mistake}}
	}
	if public, isRSA := by.public.(*rsa.PublicKey); isRSA && saltLength(public, raw) != protocol.SaltLength {
		return []finding{{MistakeSaltLength, describeSalt(public, raw)}}
	}
	return nil
}

func (s *search) verifies(way verification, by key, text signedText, raw []byte) bool {
	if s.left == 0 {
		return false
	}
	s.left--
	return way.verifies(by.public, text.bytes(), raw)
}

func (s *search) tryOtherKeys(given reading) *Explanation {
	for _, other := range s.others {
		if !s.verifies(likelyWays()[0], other, s.right, given.raw) {
			continue
		}
		mistake := finding{mistake: MistakeOtherAccount}
		if other.account == s.named.account {
			mistake = finding{MistakeOtherKey, describeKey(other)}
		}
		return explanationOf(slices.Concat(given.mistakes, []finding{mistake}, inTheWay(likelyWays()[0], other, given.raw))...)
	}
	return nil
}

func describeKey(k key) string {
	if k.deleted.IsZero() {
		return k.id
	}
	return k.id + ", which is deleted"
}

// guess says what the length of the bytes tells, where no text, way or key fits them.
func guess(named key, raw []byte, right signedText) []finding {
	switch len(raw) {
	case 0:
		return nil
	case sha256.Size:
		return []finding{{mistake: MistakeHMAC}}
	case lengthFor(named):
		return []finding{{MistakeUnknown, "the text expected is " + strconv.QuoteToASCII(right.shown())}}
	}
	detail := fmt.Sprintf("%d bytes instead of the %d of this %s key", len(raw), lengthFor(named), named.keyType)
	return []finding{{MistakeOtherAlgorithm, detail}}
}

func lengthFor(k key) int {
	if public, isRSA := k.public.(*rsa.PublicKey); isRSA {
		return public.Size()
	}
	return ed25519.SignatureSize
}
