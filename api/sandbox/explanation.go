package sandbox

import (
	"net/http"
	"slices"
	"strings"
)

// HeaderExplain carries [Explanation.Text] with an answer that turns a request down. The
// service has no such header; its bodies stay as the service's. Our own choice.
const HeaderExplain = "X-Sandbox-Explain"

// Explanation says what a caller did wrong, as far as it can be found out. It holds no key
// material, no signature, no query and no body. It must not be changed.
type Explanation struct {
	// Mistakes are what was found. There are several where only all of them together explain
	// the request.
	Mistakes []Mistake `json:"mistakes"`
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

// isCertain reports whether the signature was found to verify but for the mistakes.
func (e *Explanation) isCertain() bool {
	last := e.Mistakes[len(e.Mistakes)-1]
	return !slices.Contains([]Mistake{MistakeNotBase64, MistakeHMAC, MistakeOtherAlgorithm, MistakeUnknown}, last)
}

// finding is a mistake with what is particular about it this time.
type finding struct {
	mistake Mistake
	detail  string
}

func explanationOf(all ...finding) *Explanation {
	e := &Explanation{}
	var texts []string
	for _, one := range all {
		e.Mistakes = append(e.Mistakes, one.mistake)
		told := wordings()[one.mistake]
		text := told.what
		if one.detail != "" {
			text += " (" + one.detail + ")"
		}
		texts = append(texts, text+": "+told.cure)
	}
	e.Text = strings.Join(texts, "; and ")
	return e
}

// tell gives an explanation to the log and to the client.
func tell(w http.ResponseWriter, r *http.Request, e *Explanation) {
	if e == nil {
		return
	}
	callOf(r).log.Explanation = e
	w.Header().Set(HeaderExplain, e.Text)
}
