package sandbox_test

import (
	"fmt"
	"net/http"
	"testing"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/gen/server"
)

func TestManyClientsAtOnceEachSeeTheirOwnKeys(t *testing.T) {
	b := newBench(t,
		sandbox.WithChoices(sandbox.Choices{}),
		sandbox.WithChoices(sandbox.Choices{RateLimits: sandbox.RateLimits{ReadPerSecond: 1e9, WritePerSecond: 1e9}}),
		sandbox.WithObserver(func(sandbox.Exchange) {}))
	t.Run("clients", func(t *testing.T) {
		for i := range 8 {
			name := fmt.Sprint("client ", i)
			owner := b.bootstrap(t, sandbox.InAccount(name))
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				b.useAs(t, owner)
			})
		}
	})
	if list := b.list(t); len(list.APIKeys) != 1 {
		t.Errorf("the default account has %d keys, want its first", len(list.APIKeys))
	}
}

// useAs makes and deletes keys, and finds its own key alone in the end.
func (b *bench) useAs(t *testing.T, owner signer) {
	t.Helper()
	for range 5 {
		got := b.send(t, sent{as: owner, method: http.MethodPost, path: generatePath, body: `{"name":"a","key_type":"ed25519"}`})
		got.mustHaveStatus(t, http.StatusCreated)
		var made server.GenerateAPIKeyResponse
		got.decode(t, &made)
		b.send(t, sent{as: owner, method: http.MethodDelete, path: keysPath + "/" + made.APIKeyID}).mustHaveStatus(t, http.StatusNoContent)
		b.box.Exchanges()
	}
	var list server.GetAPIKeysResponse
	b.send(t, sent{as: owner}).decode(t, &list)
	if len(list.APIKeys) != 1 || list.APIKeys[0].APIKeyID != owner.id {
		t.Errorf("the account has %d keys, want its first", len(list.APIKeys))
	}
}
