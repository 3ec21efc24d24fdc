package sandbox

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// credentials are the three headers of a request.
type credentials struct {
	keyID, timestamp, signature string
}

// authenticate lets through what a live key signed, and tells the handlers below whose it is.
func (s *Sandbox) authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given := credentialsOf(r)
		key, reason := s.identify(r, given)
		if reason != "" {
			tell(w, r, s.explain(r, given, key, reason))
			s.refuse(w, r, reason, "")
			return
		}
		call := callOf(r)
		call.key, call.log.SignedBy = key, key.Type
		next.ServeHTTP(w, r)
	})
}

// The three headers as net/http names them, so that it need not rename them for every request.
var (
	headerKey       = http.CanonicalHeaderKey(protocol.HeaderKey)
	headerTimestamp = http.CanonicalHeaderKey(protocol.HeaderTimestamp)
	headerSignature = http.CanonicalHeaderKey(protocol.HeaderSignature)
)

func credentialsOf(r *http.Request) credentials {
	return credentials{
		keyID:     r.Header.Get(headerKey),
		timestamp: r.Header.Get(headerTimestamp),
		signature: r.Header.Get(headerSignature),
	}
}

// identify returns the key that signed the request, or why it is refused. With a refusal it is the
// key that the request named, as far as there is one, for the explanation alone.
func (s *Sandbox) identify(r *http.Request, given credentials) (key, Refusal) {
	log := &callOf(r).log
	if reason := given.missing(); reason != "" {
		return key{}, reason
	}
	milliseconds, err := strconv.ParseUint(given.timestamp, 10, 63)
	if err != nil {
		return key{}, RefusedMalformedTimestamp
	}
	log.Timestamp = given.timestamp
	now := s.now()
	skew := time.UnixMilli(int64(milliseconds)).Sub(now)
	if skew < -s.choices.Behind || skew > s.choices.Ahead {
		return key{}, RefusedTimestamp
	}
	if !protocol.IsKeyID(given.keyID) {
		return key{}, RefusedMalformedKeyID
	}
	log.KeyID = strings.ToLower(given.keyID)
	found, ok := s.keys.find(log.KeyID)
	path := rawPath(r)
	switch {
	case !ok || !found.authenticates(now, s.choices):
		return found, RefusedUnknownKey
	case !s.verifies(found.public, r.Method, path, given):
		return found, RefusedSignature
	case s.choices.RefuseReplay && !s.replays.first(found.ID+" "+protocol.Text(given.timestamp, r.Method, path), now, s.choices):
		return found, RefusedReplay
	}
	return found, ""
}

func (c credentials) missing() Refusal {
	switch {
	case c == credentials{}:
		return RefusedNoCredentials
	case c.signature == "":
		return RefusedNoSignature
	case c.keyID == "":
		return RefusedNoKeyID
	case c.timestamp == "":
		return RefusedNoTimestamp
	}
	return ""
}

func (s *Sandbox) verifies(public crypto.PublicKey, method, path string, given credentials) bool {
	if protocol.Verify(public, given.timestamp, method, path, given.signature) == nil {
		return true
	}
	rsaKey, isRSA := public.(*rsa.PublicKey)
	return s.choices.AnySaltLength && isRSA && verifiesWithAnySalt(rsaKey, method, path, given)
}

func verifiesWithAnySalt(public *rsa.PublicKey, method, path string, given credentials) bool {
	raw, err := base64.StdEncoding.Strict().DecodeString(given.signature)
	if err != nil {
		return false
	}
	digest := sha256.Sum256([]byte(protocol.Text(given.timestamp, method, path)))
	return rsa.VerifyPSS(public, crypto.SHA256, digest[:], raw, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto}) == nil
}
