package sandbox

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"time"

	"kalshi.internal/apikeys/wrapper/signature"
)

// credentials are the three headers of a request.
type credentials struct {
	keyID, timestamp, signature string
}

// authenticate lets through what a live key signed, and tells the handlers below whose it is.
func (s *Sandbox) authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key, ref := s.identify(r)
		if ref != nil {
			s.refuse(w, r, ref)
			return
		}
		callOf(r).key = key
		next.ServeHTTP(w, r)
	})
}

func (s *Sandbox) identify(r *http.Request) (key, *refusal) {
	given := credentials{
		keyID:     r.Header.Get(signature.HeaderKey),
		timestamp: r.Header.Get(signature.HeaderTimestamp),
		signature: r.Header.Get(signature.HeaderSignature),
	}
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
		return key{}, &refusal{reason: RefusedUnknownKey}
	}
	if !s.verifies(found.public, r.Method, rawPath(r), given) {
		return key{}, &refusal{reason: RefusedSignature}
	}
	if s.settings.refuseReplay && !s.replays.first(id+" "+signature.Text(given.timestamp, r.Method, rawPath(r)), now, s.settings) {
		return key{}, &refusal{reason: RefusedReplay}
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

func (s *Sandbox) checkTimestamp(text string) *refusal {
	milliseconds, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return &refusal{reason: RefusedMalformedTimestamp}
	}
	skew := time.UnixMilli(int64(milliseconds)).Sub(s.now())
	if skew < -s.settings.behind || skew > s.settings.ahead {
		return &refusal{reason: RefusedTimestamp}
	}
	return nil
}

func (s *Sandbox) verifies(public crypto.PublicKey, method, path string, given credentials) bool {
	if signature.Verify(public, given.timestamp, method, path, given.signature) == nil {
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
	digest := sha256.Sum256([]byte(signature.Text(given.timestamp, method, path)))
	options := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto, Hash: crypto.SHA256}
	return rsa.VerifyPSS(public, crypto.SHA256, digest[:], raw, options) == nil
}
