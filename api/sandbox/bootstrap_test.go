package sandbox_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"kalshi.internal/apikeys/api/sandbox"
)

func TestBootstrapRefusesAnInvalidKey(t *testing.T) {
	for name, test := range map[string]struct {
		opts []sandbox.KeyOption
		want string
	}{
		"no account":             {[]sandbox.KeyOption{sandbox.InAccount("")}, "account"},
		"an unknown type":        {[]sandbox.KeyOption{sandbox.OfType("ec")}, `"ec"`},
		"an empty scope":         {[]sandbox.KeyOption{sandbox.Scoped("read", "")}, "scope"},
		"a subaccount beyond 63": {[]sandbox.KeyOption{sandbox.InSubaccount(64)}, "subaccount is outside 0 to 63"},
		"a malformed subtrader":  {[]sandbox.KeyOption{sandbox.ForSubtrader("u")}, "subtrader"},
		"both bindings":          {[]sandbox.KeyOption{sandbox.InSubaccount(1), sandbox.ForSubtrader("u_a")}, "exclude each other"},
		"no public key":          {[]sandbox.KeyOption{sandbox.FromPublicKey("x")}, "public_key is not PEM"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := sandbox.New().Bootstrap(test.opts...)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error that mentions %s", err, test.want)
			}
		})
	}
}

func TestBootstrapCanRegisterAPublicKey(t *testing.T) {
	b := newBench(t)
	key, err := b.box.Bootstrap(sandbox.FromPublicKey(publicPEM(t, b.key.private.Public())), sandbox.Named("own"))
	if err != nil {
		t.Fatal(err)
	}
	if !key.PrivateKey.IsEmpty() || key.Type != sandbox.Ed25519 || key.Account != sandbox.DefaultAccount {
		t.Errorf("got %v", key)
	}
	b.send(t, sent{as: signer{key.ID, b.key.private}}).mustHaveStatus(t, 200)
}

func TestKeyIDsAreRandomUUIDs(t *testing.T) {
	box, seen := sandbox.New(), map[string]bool{}
	form := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	for range 64 {
		key, err := box.Bootstrap(sandbox.OfType(sandbox.Ed25519))
		if err != nil {
			t.Fatal(err)
		}
		if seen[key.ID] || !form.MatchString(key.ID) {
			t.Fatalf("%s is no random UUID, or not new", key.ID)
		}
		seen[key.ID] = true
	}
}

func TestABootstrappedKeyDoesNotPrintItsPrivateHalf(t *testing.T) {
	key, err := sandbox.New().Bootstrap(sandbox.OfType(sandbox.Ed25519))
	if err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprintf("%v %+v %#v %s", key, key, key, toJSON(t, key)); strings.Contains(text, "BEGIN") {
		t.Errorf("it prints %s", text)
	}
}

func TestResetBringsBackWhatWasBootstrapped(t *testing.T) {
	b := newBench(t, sandbox.WithChoices(sandbox.Choices{RefuseReplay: true, RateLimits: sandbox.RateLimits{WritePerSecond: 20}}))
	made := b.generate(t, "made")
	b.delete(t, b.key.id).mustHaveStatus(t, 204)
	b.box.Reset()
	if left := b.box.Exchanges(); len(left) != 0 {
		t.Errorf("exchanges are left: %v", left)
	}
	b.delete(t, b.key.id).mustHaveStatus(t, 204)
	b.box.Reset()
	b.send(t, sent{as: made}).mustBe(t, 401, unknownKey)
	if names := b.names(t); !slices.Equal(names, []string{"bootstrap"}) {
		t.Errorf("the list is %q", names)
	}
}
