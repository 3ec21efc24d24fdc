package explain

import (
	"crypto"
	"fmt"
	"slices"
	"strings"
)

// Mistake is one thing that people do wrong with a request.
type Mistake struct {
	// Name is stable: programs may decide on it.
	Name string
	// What says what is wrong, and Cure what to do about it: plain ASCII, one line each.
	What, Cure string

	ways []way
}

// way is one way to make a mistake of signing. What is nil is as the service wants it.
type way struct {
	// detail tells this way from the other ways to make the mistake.
	detail string
	// text changes the text that is signed.
	text func(*signedText)
	// scheme is how the text is signed: [*rsa.PSSOptions], [crypto.Hash] for RSA PKCS#1 v1.5, or
	// [*ed25519.Options].
	scheme crypto.SignerOpts
	// encode writes the signature into its header. Without decode it cannot be undone.
	encode func([]byte) string
	decode func(string) ([]byte, error)
}

// apply returns text and scheme as this way changes them.
func (w way) apply(text signedText, scheme crypto.SignerOpts) (signedText, crypto.SignerOpts) {
	if w.text != nil {
		w.text(&text)
	}
	if w.scheme != nil {
		scheme = w.scheme
	}
	return text, scheme
}

// Request holds the facts of a request that a signature may be over by mistake.
type Request struct {
	// KeyID and Timestamp are the values of the two headers.
	KeyID, Timestamp string
	// Method is the method, and Host the host with its port, as they are sent.
	Method, Host string
	// Path holds the bytes of the request line up to the query; Query is what follows the question
	// mark.
	Path, Query string
	// Body is the request's body.
	Body string
}

// Mistakes returns every mistake that the package can name, in the order in which they are looked
// for.
func Mistakes() []Mistake {
	return slices.Concat(requestMistakes(), pathMistakes(), textMistakes(), []Mistake{clockMistake()},
		schemeMistakes(), keyMistakes(), encodingMistakes())
}

// Sign makes the mistake on purpose: it returns the header that carries the wrong signature of the
// request. It reports false if the mistake is not one of signing, or cannot be made with this key
// and this request: the query cannot be signed where there is none.
func (m Mistake) Sign(key crypto.Signer, r Request) (string, bool, error) {
	right, rightScheme := textOf(r), schemeOf(key.Public())
	for _, w := range m.ways {
		text, scheme := w.apply(right, rightScheme)
		isWrong := w.encode != nil || scheme != rightScheme || text.String() != right.String()
		if !isWrong || !fits(scheme, key.Public()) {
			continue
		}
		raw, ok, err := sign(key, scheme, text.String())
		if err != nil {
			return "", false, fmt.Errorf("explain: sign with the mistake %s: %w", m.Name, err)
		}
		if !ok {
			continue
		}
		if w.encode == nil {
			return encodeStandard(raw), true, nil
		}
		// Some signatures look the same in another encoding.
		if sent := w.encode(raw); sent != encodeStandard(raw) {
			return sent, true, nil
		}
	}
	return "", false, nil
}

// Ways returns a Mistake for each way to make this one in signing, none for a mistake of another kind. Its
// What says which way it is.
func (m Mistake) Ways() []Mistake {
	var all []Mistake
	for _, w := range m.ways {
		one := m
		one.ways = []way{w}
		if w.detail != "" {
			one.What += " (" + w.detail + ")"
		}
		all = append(all, one)
	}
	return all
}

// ChangesText reports whether the mistake is to sign another text, and not to sign the right one in another
// way or to write the signature differently.
func (m Mistake) ChangesText() bool {
	return slices.ContainsFunc(m.ways, func(w way) bool { return w.text != nil })
}

// Explanation says what a caller did wrong, as far as it can be found out. It holds no key
// material, no signature, no query and no body. It must not be changed.
type Explanation struct {
	// Mistakes are the names of the mistakes. There are several where only all of them together
	// explain the request.
	Mistakes []string `json:"mistakes"`
	// Text says it in plain words, with what to do about it: one line of ASCII.
	Text string `json:"text"`
	// Expected is the text that the signature must be over. It is empty where a check before
	// the signature's failed. The path in it is cut after 200 bytes.
	Expected string `json:"expected,omitempty"`
	// Signed is the text that the signature is over, where that was found out and is another
	// one than Expected. A query and a body in it are replaced by their lengths.
	Signed string `json:"signed,omitempty"`
}

// String returns the text, and nothing for a nil Explanation.
func (e *Explanation) String() string {
	if e == nil {
		return ""
	}
	return e.Text
}

// found is a mistake that explains a request, with what is particular about it this time.
type found struct{ name, detail string }

func explanationOf(all ...found) *Explanation {
	e, table := &Explanation{}, Mistakes()
	var texts []string
	for _, one := range all {
		row := table[slices.IndexFunc(table, func(m Mistake) bool { return m.Name == one.name })]
		what := row.What
		if one.detail != "" {
			what += " (" + one.detail + ")"
		}
		e.Mistakes, texts = append(e.Mistakes, row.Name), append(texts, what+": "+row.Cure)
	}
	e.Text = strings.Join(texts, "; and ")
	return e
}
