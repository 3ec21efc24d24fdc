package wrapper_test

import (
	"context"
	"crypto"
	"errors"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/contract"
	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
)

// live is a sandbox over HTTP, a clock that it shares with its clients, and one of those.
type live struct {
	service *sandbox.Sandbox
	baseURL string
	clock   *fakeClock
	client  *wrapper.Client
}

func goLive(t *testing.T) *live {
	t.Helper()
	clock := newFakeClock()
	return goLiveBy(t, clock, clock.Now)
}

// goLiveBy is goLive with a service that has another time than its clients.
func goLiveBy(t *testing.T, clock *fakeClock, now func() time.Time) *live {
	t.Helper()
	service := sandbox.New(sandbox.WithClock(now))
	first, err := service.Bootstrap(sandbox.OfType(sandbox.Ed25519))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(service)
	t.Cleanup(server.Close)
	l := &live{service: service, baseURL: server.URL + sandbox.BasePath, clock: clock}
	l.client = l.connect(t, first.ID, first.PrivateKey.RevealPrivateKey())
	return l
}

func (l *live) connect(t *testing.T, keyID, pem string, allowed ...contract.Option) *wrapper.Client {
	t.Helper()
	creds, err := wrapper.NewCredentials(keyID, []byte(pem))
	if err != nil {
		t.Fatal(err)
	}
	return l.connectSigner(t, keyID, creds.Signer(), allowed...)
}

// connectSigner returns a client whose every exchange is held against the contract.
func (l *live) connectSigner(t *testing.T, keyID string, signer crypto.Signer, allowed ...contract.Option) *wrapper.Client {
	t.Helper()
	creds, err := wrapper.NewSignerCredentials(keyID, signer)
	if err != nil {
		t.Fatal(err)
	}
	client, err := wrapper.NewClient(creds, wrapper.WithBaseURL(l.baseURL), wrapper.WithClock(l.clock), wrapper.WithRetry(wrapper.Retry{AttemptTimeout: patience}),
		wrapper.WithHTTPTransport(contract.Transport(nil, contract.TB(t), allowed...)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdleConnections)
	return client
}

func TestGeneratedKeysOfBothTypesSignUntilTheyAreDeleted(t *testing.T) {
	for _, keyType := range []gen.KeyType{gen.KeyTypeRSA, gen.KeyTypeEd25519} {
		t.Run(string(keyType), func(t *testing.T) {
			l := goLive(t)
			client := l.client
			made, err := client.GenerateAPIKey(t.Context(), gen.GenerateAPIKeyRequest{Name: "bot", KeyType: &keyType})
			if err != nil {
				t.Fatal(err)
			}
			bot := l.connect(t, made.APIKeyID, made.PrivateKey.RevealPrivateKey())
			list, err := bot.GetAPIKeys(t.Context())
			if err != nil || len(list.APIKeys) != 2 {
				t.Fatalf("%v, %v", list, err)
			}
			if err := client.DeleteAPIKey(t.Context(), made.APIKeyID); err != nil {
				t.Fatal(err)
			}
			_, err = bot.GetAPIKeys(t.Context())
			mustMatch(t, err, wrapper.ErrUnknownKey, wrapper.ErrUnauthenticated)
			mustMatch(t, client.DeleteAPIKey(t.Context(), made.APIKeyID), wrapper.ErrNotFound)
		})
	}
}

func TestAKeyCreatedFromAnOwnPairSigns(t *testing.T) {
	l := goLive(t)
	own := newCredentials(t, otherKey)
	made, err := l.client.CreateAPIKey(t.Context(), gen.CreateAPIKeyRequest{
		Name: "hsm", PublicKey: spki(t, own.Signer().Public()), Scopes: &gen.Scopes{gen.ScopeRead}, Subaccount: new(63),
	})
	if err != nil {
		t.Fatal(err)
	}
	hsm := l.connectSigner(t, made.APIKeyID, own.Signer())
	list, err := hsm.GetAPIKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if key := list.APIKeys[1]; key.Name != "hsm" || *key.Subaccount != 63 || len(key.Scopes) != 1 {
		t.Errorf("the list shows %+v", key)
	}
}

func TestTheWrongPrivateKeyIsToldFromAnUnknownKey(t *testing.T) {
	l := goLive(t)
	first, err := l.service.Bootstrap()
	if err != nil {
		t.Fatal(err)
	}
	second, err := l.service.Bootstrap(sandbox.OfType(sandbox.Ed25519))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name, keyID string
		kind        error
	}{
		{"the PEM of another key", first.ID, wrapper.ErrBadSignature},
		{"a key ID of another environment", ownKeyID, wrapper.ErrUnknownKey},
		{"a key ID with a stray letter", first.ID + "x", wrapper.ErrMalformedKeyID},
	} {
		t.Run(row.name, func(t *testing.T) {
			client := l.connect(t, row.keyID, second.PrivateKey.RevealPrivateKey(), contract.AllowRules(contract.RuleHeaderForm))
			_, err := client.GetAPIKeys(t.Context())
			mustMatch(t, err, row.kind, wrapper.ErrUnauthenticated)
			if failure := mustBeError(t, err); failure.Attempts != 1 {
				t.Errorf("sent %d times: trying again does not help", failure.Attempts)
			}
		})
	}
}

func TestAClientSurvivesAServiceWhoseClockRunsAhead(t *testing.T) {
	clock := newFakeClock()
	client := goLiveBy(t, clock, func() time.Time { return clock.Now().Add(41 * time.Second) }).client
	for range 2 {
		if _, err := client.GetAPIKeys(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if off := (client.ClockOffset() - 41*time.Second).Abs(); off > time.Second {
		t.Errorf("the clock was corrected by %s, want 41s", client.ClockOffset())
	}
}

func TestManyCallersShareAClientWhileKeysComeAndGo(t *testing.T) {
	client := goLive(t).client
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 3 {
				if err := makeAndDelete(t.Context(), client); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	list, err := client.GetAPIKeys(t.Context())
	if err != nil || len(list.APIKeys) != 1 {
		t.Errorf("%d keys are left, want the first alone (%v)", len(list.APIKeys), err)
	}
}

func makeAndDelete(ctx context.Context, client *wrapper.Client) error {
	made, err := client.GenerateAPIKey(ctx, gen.GenerateAPIKeyRequest{Name: "n", KeyType: new(gen.KeyTypeEd25519)})
	if err != nil {
		return err
	}
	_, listing := client.GetAPIKeys(ctx)
	return errors.Join(listing, client.DeleteAPIKey(ctx, made.APIKeyID))
}
