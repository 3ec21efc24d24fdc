package sandbox

import (
	"cmp"
	"io"
	"net/http"
	"slices"
	"strings"

	"kalshi.internal/apikeys/api/sandbox/explain"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// HeaderExplain carries the text of an explanation with an answer that turns a request down. The
// service has no such header; its bodies stay as the service's. Our own choice.
const HeaderExplain = "X-Sandbox-Explain"

// maxOtherKeys is how many keys are looked at for the one that made a wrong signature.
const maxOtherKeys = 64

// tell gives an explanation to the log and to the client.
func tell(w http.ResponseWriter, r *http.Request, e *explain.Explanation) {
	if e == nil {
		return
	}
	callOf(r).log.Explanation = e
	w.Header().Set(HeaderExplain, e.Text)
}

// explain finds out why a request that is not authenticated was turned down. It runs on
// refusals only, so nothing that it does slows a good request. The key is the one that the
// request named, if there is one.
func (s *Sandbox) explain(r *http.Request, given credentials, named key, reason Refusal) *explain.Explanation {
	switch reason {
	case RefusedNoCredentials:
		return explain.NoHeaders(r.Header)
	case RefusedTimestamp, RefusedMalformedTimestamp:
		return explain.Timestamp(given.timestamp, s.now(), explain.Window{Behind: s.choices.Behind, Ahead: s.choices.Ahead})
	case RefusedMalformedKeyID:
		return s.explainKeyID(given.keyID)
	case RefusedUnknownKey:
		return explainUnknownKey(named)
	case RefusedSignature:
		return s.explainSignature(r, given, named)
	}
	return explain.Named(map[Refusal]string{
		RefusedNoKeyID:     "missing_key_id",
		RefusedNoSignature: "missing_signature",
		RefusedNoTimestamp: "missing_timestamp",
		RefusedReplay:      "replay",
	}[reason], "")
}

func (s *Sandbox) explainKeyID(text string) *explain.Explanation {
	if slices.ContainsFunc(s.keys.all(), func(k key) bool { return k.Name == text }) {
		return explain.Named("key_id_is_name", "")
	}
	return explain.KeyID(text)
}

func explainUnknownKey(named key) *explain.Explanation {
	switch {
	case named.ID == "":
		return explain.Named("key_unknown", "")
	case !named.deleted.IsZero():
		return explain.Named("key_deleted", "")
	}
	return explain.Named("key_not_yet_live", "")
}

// explainSignature looks for another key that made the signature, and then for a mistake.
func (s *Sandbox) explainSignature(r *http.Request, given credentials, named key) *explain.Explanation {
	_, query, _ := strings.Cut(r.RequestURI, "?")
	request := explain.Request{KeyID: given.keyID, Timestamp: given.timestamp, Method: r.Method,
		Host: r.Host, Path: rawPath(r), Query: query, Body: unreadBody(r)}
	for _, other := range s.otherKeys(named) {
		if protocol.Verify(other.public, given.timestamp, r.Method, request.Path, given.signature) != nil {
			continue
		}
		e := explain.Named("other_account", "")
		if other.Account == named.Account {
			e = explain.Named("other_key", describeKey(other))
		}
		e.Expected = explain.Expected(request)
		return e
	}
	return explain.Signature(request, named.public, given.signature)
}

// unreadBody reads the body of a request that is about to be refused, unless the client waits to
// be asked for it.
func unreadBody(r *http.Request) string {
	if r.ContentLength <= 0 || r.ContentLength > maxBody || r.Header.Get("Expect") != "" {
		return ""
	}
	body, _ := io.ReadAll(io.LimitReader(r.Body, maxBody))
	return string(body)
}

// otherKeys returns the keys made last, those of the same account first.
func (s *Sandbox) otherKeys(named key) []key {
	keys := slices.DeleteFunc(s.keys.all(), func(k key) bool { return k.ID == named.ID })
	slices.Reverse(keys)
	rank := func(k key) int {
		if k.Account == named.Account {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(keys, func(a, b key) int { return cmp.Compare(rank(a), rank(b)) })
	return keys[:min(len(keys), maxOtherKeys)]
}

func describeKey(k key) string {
	if k.deleted.IsZero() {
		return k.ID
	}
	return k.ID + ", which is deleted"
}
