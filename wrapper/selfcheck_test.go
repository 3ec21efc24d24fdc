package wrapper_test

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper"
)

const wrongSignatureBody = `{"error":{"code":"authentication_error","message":"m","details":"INCORRECT_API_KEY_SIGNATURE"}}`

// countingSigner counts how often the key is used.
type countingSigner struct {
	crypto.Signer

	signatures *atomic.Int32
}

func (s countingSigner) Sign(random io.Reader, message []byte, options crypto.SignerOpts) ([]byte, error) {
	s.signatures.Add(1)
	return s.Signer.Sign(random, message, options)
}

func TestTheSelfCheckAsksTheSignerForNothing(t *testing.T) {
	var signatures atomic.Int32
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	f := newFixture(t, answer(401, wrongSignatureBody))
	f.public = private.Public()
	f.credentials, err = wrapper.NewSignerCredentials(ownKeyID, countingSigner{private, &signatures})
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.client(t).GetAPIKeys(t.Context())
	mustMatch(t, err, wrapper.ErrBadSignature)
	if hint := mustBeError(t, err).Hint; !strings.Contains(hint, "The signature is good for this private key and path") {
		t.Errorf("hint %q does not tell what the check found", hint)
	}
	if got := signatures.Load(); got != 1 {
		t.Errorf("the signer was asked %d times, want once, for the request", got)
	}
}

// The key in use may change between two attempts: what is checked is the signature that was
// refused.
func TestTheSelfCheckLooksAtTheLastSignature(t *testing.T) {
	s := newScene(t)
	other := newEd25519(t)
	broken, err := wrapper.NewSignerCredentials(s.key.ID, otherWay{newEd25519(t), func(_ io.Reader, text []byte) ([]byte, error) {
		return ed25519.Sign(other, text), nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	sound := newCredentials(t, s.key.ID)
	if err := s.box.SetFaults(sandbox.Fault{Kind: sandbox.FaultStatus, Status: 503, Times: 1}); err != nil {
		t.Fatal(err)
	}
	err = s.listAs(&rotating{sources: []*wrapper.Credentials{broken, sound}})
	mustMatch(t, err, wrapper.ErrBadSignature)
	if hint := mustBeError(t, err).Hint; strings.Contains(hint, "The signer is at fault") {
		t.Errorf("the check looked at the signature before the last: %q", hint)
	}
}

// rotating gives the next credentials each time it is asked, and in the end the last.
type rotating struct{ sources []*wrapper.Credentials }

func (r *rotating) Credentials(context.Context) (*wrapper.Credentials, error) {
	next := r.sources[0]
	r.sources = r.sources[min(1, len(r.sources)-1):]
	return next, nil
}

func TestTheSelfCheckKnowsEveryWayOfSigningADigest(t *testing.T) {
	for name, sign := range map[string]func(ed25519.PrivateKey, []byte) ([]byte, error){
		"SHA-256": func(key ed25519.PrivateKey, text []byte) ([]byte, error) {
			digest := sha256.Sum256(text)
			return ed25519.Sign(key, digest[:]), nil
		},
		"SHA-512": func(key ed25519.PrivateKey, text []byte) ([]byte, error) {
			digest := sha512.Sum512(text)
			return ed25519.Sign(key, digest[:]), nil
		},
		"Ed25519ph": func(key ed25519.PrivateKey, text []byte) ([]byte, error) {
			digest := sha512.Sum512(text)
			return key.Sign(rand.Reader, digest[:], &ed25519.Options{Hash: crypto.SHA512})
		},
	} {
		t.Run(name, func(t *testing.T) {
			key := newEd25519(t)
			err := newScene(t).listSignedBy(otherWay{key, func(_ io.Reader, text []byte) ([]byte, error) {
				return sign(key, text)
			}})
			mustMatch(t, err, wrapper.ErrBadSignature)
			if hint := mustBeError(t, err).Hint; !strings.Contains(hint, "signs a digest") {
				t.Errorf("hint %q does not name the digest", hint)
			}
		})
	}
}

func TestTheSelfCheckNamesTheEnvironmentOfEachHost(t *testing.T) {
	for environment, name := range map[wrapper.Environment]string{
		wrapper.Production: "production", wrapper.ProductionExternalAPI: "production",
		wrapper.Demo: "demo", wrapper.DemoFormerHost: "demo",
	} {
		t.Run(string(environment), func(t *testing.T) {
			s := newScene(t)
			posing := s.posingAs(environment)
			err := s.listWith(s.key.ID, s.other.PrivateKey.RevealPrivateKey(), posing)
			mustMatch(t, err, wrapper.ErrBadSignature)
			if hint := mustBeError(t, err).Hint; !strings.Contains(hint, "belongs to this key ID in "+name) {
				t.Errorf("hint %q does not name %s", hint, name)
			}
		})
	}
}

func TestNoErrorShowsTheSignatureThatWasChecked(t *testing.T) {
	f := newFixture(t, func(w http.ResponseWriter, r *http.Request) {
		answer(401, wrongSignatureBody)(w, r)
	})
	_, err := f.client(t).GetAPIKeys(t.Context())
	shown := fmt.Sprintf("%v %+v %#v %s", err, err, err, mustBeError(t, err).LogValue())
	if signed := f.seen()[0].signature; strings.Contains(shown, signed) {
		t.Errorf("the signature shows in %s", shown)
	}
}
