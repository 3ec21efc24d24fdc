package sandbox

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
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
		callOf(r).timestamp = given.timestamp
		key, ref := s.identify(r, given)
		if ref != nil {
			tell(w, r, s.explain(r, given, key, ref.reason))
			s.refuse(w, r, ref)
			return
		}
		callOf(r).key = key
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

// identify returns the key that signed the request. With a refusal it is the key that the
// request named, as far as there is one, for the explanation alone.
func (s *Sandbox) identify(r *http.Request, given credentials) (key, *refusal) {
	if ref := given.missing(); ref != nil {
		return key{}, ref
	}
	if ref := s.checkTimestamp(given.timestamp); ref != nil {
		return key{}, ref
	}
	id, ok := parseKeyID(given.keyID)
	if !ok {
		return key{}, &refusal{reason: RefusedMalformedKeyID}
	}
	callOf(r).log.KeyID = id
	now := s.now()
	found, ok := s.keys.find(id)
	if !ok || !found.authenticates(now, s.settings) {
		return found, &refusal{reason: RefusedUnknownKey}
	}
	if !s.verifies(found.public, r.Method, rawPath(r), given) {
		return found, &refusal{reason: RefusedSignature}
	}
	if s.settings.refuseReplay && !s.replays.first(id+" "+protocol.Text(given.timestamp, r.Method, rawPath(r)), now, s.settings) {
		return found, &refusal{reason: RefusedReplay}
	}
	return found, nil
}

func (c credentials) missing() *refusal {
	switch {
	case c == credentials{}:
		return &refusal{reason: RefusedNoCredentials}
	case c.signature == "":
		return &refusal{reason: RefusedNoSignature}
	case c.keyID == "":
		return &refusal{reason: RefusedNoKeyID}
	case c.timestamp == "":
		return &refusal{reason: RefusedNoTimestamp}
	}
	return nil
}

// parseTimestamp reads Unix time in milliseconds: digits only.
func parseTimestamp(text string) (int64, error) {
	milliseconds, err := strconv.ParseUint(text, 10, 63)
	return int64(milliseconds), err
}

func (s *Sandbox) checkTimestamp(text string) *refusal {
	milliseconds, err := parseTimestamp(text)
	if err != nil {
		return &refusal{reason: RefusedMalformedTimestamp}
	}
	skew := time.UnixMilli(milliseconds).Sub(s.now())
	if skew < -s.settings.behind || skew > s.settings.ahead {
		return &refusal{reason: RefusedTimestamp}
	}
	return nil
}

func (s *Sandbox) verifies(public crypto.PublicKey, method, path string, given credentials) bool {
	if protocol.Verify(public, given.timestamp, method, path, given.signature) == nil {
		return true
	}
	rsaKey, isRSA := public.(*rsa.PublicKey)
	return s.settings.anySalt && isRSA && verifiesWithAnySalt(rsaKey, method, path, given)
}

func verifiesWithAnySalt(public *rsa.PublicKey, method, path string, given credentials) bool {
	raw, err := base64.StdEncoding.Strict().DecodeString(given.signature)
	if err != nil {
		return false
	}
	digest := sha256.Sum256([]byte(protocol.Text(given.timestamp, method, path)))
	return rsa.VerifyPSS(public, crypto.SHA256, digest[:], raw, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto}) == nil
}
