package sandbox_test

import (
	"strings"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
)

func TestAKeyMayDoWhatItsScopesAllow(t *testing.T) {
	for name, test := range map[string]struct {
		scopes         []string
		opts           []sandbox.Option
		list, generate int
		delete         int
	}{
		"read and write":           {[]string{"read", "write"}, nil, 200, 201, 404},
		"read alone":               {[]string{"read"}, nil, 200, 403, 401},
		"write alone":              {[]string{"write"}, nil, 401, 201, 404},
		"a child of write":         {[]string{"read", "write::trade"}, nil, 200, 403, 401},
		"no scope":                 {[]string{}, nil, 401, 403, 401},
		"a scope of the future":    {[]string{"keys::manage"}, nil, 401, 403, 401},
		"the scope of the option":  {[]string{"keys::manage"}, []sandbox.Option{sandbox.WithChoices(sandbox.Choices{ListScope: sandbox.NoScope, ManageScope: "keys::manage"})}, 200, 201, 404},
		"not the one of the other": {[]string{"read", "write"}, []sandbox.Option{sandbox.WithChoices(sandbox.Choices{ListScope: "read", ManageScope: "keys::manage"})}, 200, 403, 401},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, test.opts...)
			key := b.bootstrap(t, sandbox.Scoped(test.scopes...))
			b.send(t, sent{as: key}).mustHaveStatus(t, test.list)
			b.send(t, sent{as: key, method: "POST", path: generatePath, body: `{"name":"a"}`}).mustHaveStatus(t, test.generate)
			b.send(t, sent{as: key, method: "DELETE", path: keysPath + "/" + unknownID}).mustHaveStatus(t, test.delete)
		})
	}
}

func TestARestrictedKeyMayListAndNotManageUnlessTheOptionAllowsIt(t *testing.T) {
	for name, restriction := range map[string]sandbox.KeyOption{
		"a subaccount": sandbox.InSubaccount(3), "a subtrader": sandbox.ForSubtrader("u_a"),
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			key := b.bootstrap(t, restriction)
			b.send(t, sent{as: key}).mustHaveStatus(t, 200)
			b.send(t, sent{as: key, method: "POST", path: generatePath, body: `{"name":"a"}`}).mustHaveStatus(t, 403)
			b.send(t, sent{as: key, method: "DELETE", path: keysPath + "/" + unknownID}).mustHaveStatus(t, 401)

			b = newBench(t, sandbox.WithChoices(sandbox.Choices{RestrictedManagement: true}))
			key = b.bootstrap(t, restriction)
			b.send(t, sent{as: key, method: "POST", path: generatePath, body: `{"name":"a"}`}).mustHaveStatus(t, 201)
		})
	}
}

func TestCreateNeedsPremierOrMarketMaker(t *testing.T) {
	for level, status := range map[sandbox.UsageLevel]int{"": 201, sandbox.Premier: 201, sandbox.MarketMaker: 201, sandbox.Basic: 403, "advanced": 403} {
		t.Run("level "+string(level), func(t *testing.T) {
			b := newBench(t, sandbox.WithChoices(sandbox.Choices{Accounts: map[string]sandbox.Account{sandbox.DefaultAccount: {UsageLevel: level}}}))
			body := toJSON(t, map[string]any{"name": "a", "public_key": publicPEM(t, b.key.private.Public())})
			got := b.send(t, sent{method: "POST", path: keysPath, body: body})
			got.mustHaveStatus(t, status)
			if status == 403 && !strings.Contains(got.body, `"insufficient API usage level"`) {
				t.Errorf("got %s", got.body)
			}
			b.send(t, sent{method: "POST", path: generatePath, body: `{"name":"a"}`}).mustHaveStatus(t, 201)
		})
	}
}

func TestABindingToASubtraderNeedsAnFCMMemberAndAVisibleSubtrader(t *testing.T) {
	start := newClock().Now()
	b := newBench(t, sandbox.WithChoices(sandbox.Choices{Accounts: map[string]sandbox.Account{"member": {
		FCMMember:        true,
		HiddenSubtraders: map[string]time.Time{"u_new": start.Add(time.Minute)},
	}}}))
	member := b.bootstrap(t, sandbox.InAccount("member"))
	bind := func(as signer, subtrader string) answer {
		return b.send(t, sent{as: as, method: "POST", path: generatePath, body: `{"name":"a","fcm_subtrader_id":"` + subtrader + `"}`})
	}
	bind(b.key, "u_old").mustBe(t, 403, `{"error":{"code":"forbidden","message":"fcm_subtrader_id is for FCM members"}}`)
	bind(member, "u_old").mustHaveStatus(t, 201)
	bind(member, "u_new").mustBe(t, 409, `{"error":{"code":"conflict","message":"subtrader not yet visible, retry later"}}`)
	body := toJSON(t, map[string]any{"name": "a", "public_key": publicPEM(t, b.key.private.Public()), "fcm_subtrader_id": "u_new"})
	b.send(t, sent{as: member, method: "POST", path: keysPath, body: body}).mustHaveStatus(t, 409)
	b.clock.Advance(time.Minute)
	bind(member, "u_new").mustHaveStatus(t, 201)
}

func TestInputComesBeforeRights(t *testing.T) {
	b := newBench(t)
	reader := b.bootstrap(t, sandbox.Scoped("read"))
	b.send(t, sent{as: reader, method: "POST", path: generatePath, body: `{}`}).mustRefuseInput(t, "name is required")
	b.send(t, sent{as: reader, method: "DELETE", path: keysPath + "/7"}).mustRefuseInput(t, "api_key is not a UUID")
}
