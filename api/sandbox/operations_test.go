package sandbox_test

import (
	"crypto/ed25519"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/gen/server"
)

const notFound = `{"error":{"code":"not_found","message":"not found"}}`

func (b *bench) list(tb testing.TB) server.GetAPIKeysResponse {
	tb.Helper()
	got := b.send(tb, sent{})
	got.mustHaveStatus(tb, 200)
	var list server.GetAPIKeysResponse
	got.decode(tb, &list)
	return list
}

func (b *bench) names(tb testing.TB) []string {
	tb.Helper()
	names := []string{}
	for _, key := range b.list(tb).APIKeys {
		names = append(names, key.Name)
	}
	return names
}

// generate makes an Ed25519 key.
func (b *bench) generate(tb testing.TB, name string) signer {
	tb.Helper()
	got := b.send(tb, sent{method: "POST", path: generatePath, body: toJSON(tb, map[string]any{"name": name, "key_type": "ed25519"})})
	got.mustHaveStatus(tb, 201)
	var made server.GenerateAPIKeyResponse
	got.decode(tb, &made)
	return signer{made.APIKeyID, parsePrivateKey(tb, made.PrivateKey)}
}

func (b *bench) delete(tb testing.TB, id string) answer {
	tb.Helper()
	return b.send(tb, sent{method: "DELETE", path: keysPath + "/" + id})
}

func TestGenerateReturnsAPrivateKeyThatSignsAtOnce(t *testing.T) {
	for name, test := range map[string]struct{ body, kind, armour string }{
		"rsa when no type is given": {`{"name":"bot"}`, "rsa", "-----BEGIN RSA PRIVATE" + " KEY-----\n"},
		"rsa":                       {`{"name":"bot","key_type":"rsa"}`, "rsa", "-----BEGIN RSA PRIVATE" + " KEY-----\n"},
		"ed25519":                   {`{"name":"bot","key_type":"ed25519"}`, "ed25519", "-----BEGIN PRIVATE" + " KEY-----\n"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			got := b.send(t, sent{method: "POST", path: generatePath, body: test.body})
			got.mustHaveStatus(t, 201)
			var made server.GenerateAPIKeyResponse
			got.decode(t, &made)
			if made.KeyType == nil || string(*made.KeyType) != test.kind {
				t.Errorf("the type is %v, want %s", made.KeyType, test.kind)
			}
			if !strings.HasPrefix(made.PrivateKey, test.armour) {
				t.Errorf("the private key does not start with %q", test.armour)
			}
			made2 := signer{made.APIKeyID, parsePrivateKey(t, made.PrivateKey)}
			b.send(t, sent{as: made2}).mustHaveStatus(t, 200)
		})
	}
}

func TestAGeneratedRSAKeyHas2048Bits(t *testing.T) {
	box := sandbox.New()
	key, err := box.Bootstrap()
	if err != nil {
		t.Fatal(err)
	}
	private := parsePrivateKey(t, key.PrivateKey.RevealPrivateKey()).(*rsa.PrivateKey)
	if bits := private.N.BitLen(); bits != 2048 {
		t.Errorf("it has %d bits", bits)
	}
}

func TestAFailingSourceOfKeysIs500WithoutItsText(t *testing.T) {
	b := newBench(t, sandbox.WithRSAKeySource(func() (*rsa.PrivateKey, error) { return nil, errors.New("canary") }))
	got := b.send(t, sent{method: "POST", path: generatePath, body: `{"name":"bot"}`})
	got.mustBe(t, 500, `{"error":{"code":"internal_server_error","message":"internal server error"}}`)
}

func TestCreateTakesAPublicKeyOfEitherType(t *testing.T) {
	rsaKey, err := sharedRSAKey()
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t)
	for name, own := range map[string]signer{"rsa": {private: rsaKey}, "ed25519": {private: edKey}} {
		t.Run(name, func(t *testing.T) {
			body := toJSON(t, map[string]any{"name": name, "public_key": publicPEM(t, own.private.Public())})
			got := b.send(t, sent{method: "POST", path: keysPath, body: body})
			got.mustHaveStatus(t, 201)
			var made server.CreateAPIKeyResponse
			got.decode(t, &made)
			own.id = made.APIKeyID
			b.send(t, sent{as: own}).mustHaveStatus(t, 200)
		})
	}
}

func TestTheListShowsWhatTheKeyWasMadeWith(t *testing.T) {
	b := newBench(t, sandbox.WithChoices(sandbox.Choices{Accounts: map[string]sandbox.Account{sandbox.DefaultAccount: {
		FCMMember: true, RegionExpiration: time.Unix(1798761600, 0),
	}}}))
	for _, body := range []string{
		`{"name":"full","key_type":"ed25519"}`,
		`{"name":"one of each","key_type":"ed25519","scopes":["write::trade","read","write::trade"]}`,
		`{"name":"sub","key_type":"ed25519","subaccount":0}`,
		`{"name":"fcm","key_type":"ed25519","fcm_subtrader_id":"u_1_Desk9"}`,
		`{"name":"nulls","key_type":"ed25519","fcm_subtrader_id":null,"other":{"a":1}}`,
	} {
		b.send(t, sent{method: "POST", path: generatePath, body: body, leavesContract: strings.Contains(body, "null")}).mustHaveStatus(t, 201)
	}
	list := b.list(t)
	if list.APIKeyRegionExpirationTS == nil || *list.APIKeyRegionExpirationTS != 1798761600 {
		t.Errorf("the region expires at %v", list.APIKeyRegionExpirationTS)
	}
	shown := []string{}
	for _, key := range list.APIKeys {
		text := fmt.Sprint(key.Name, " ", key.Scopes)
		if key.Subaccount != nil {
			text += fmt.Sprint(" ", *key.Subaccount)
		}
		if key.FCMSubtraderID != nil {
			text += " " + *key.FCMSubtraderID
		}
		shown = append(shown, text)
	}
	want := []string{"bootstrap [read write]", "full [read write]", "one of each [write::trade read]", "sub [read write] 0", "fcm [read write] u_1_Desk9", "nulls [read write]"}
	if !slices.Equal(shown, want) {
		t.Errorf("the list shows\n%q, want\n%q", shown, want)
	}
}

func TestTheListCanBeFilteredBySubtrader(t *testing.T) {
	b := newBench(t)
	b.bootstrap(t, sandbox.Named("bound"), sandbox.ForSubtrader("u_desk1"))
	b.bootstrap(t, sandbox.Named("other"), sandbox.ForSubtrader("u_desk2"))
	for query, twice := range map[string]bool{"?fcm_subtrader_id=u_desk1": false, "?fcm_subtrader_id=u_desk1&fcm_subtrader_id=u_desk2": true} {
		got := b.send(t, sent{path: keysPath + query, leavesContract: twice})
		var list server.GetAPIKeysResponse
		got.decode(t, &list)
		if len(list.APIKeys) != 1 || list.APIKeys[0].Name != "bound" {
			t.Errorf("%s shows %s", query, got.body)
		}
	}
}

func TestAListWithoutKeysIsAnEmptyArray(t *testing.T) {
	b := newBench(t)
	b.send(t, sent{path: keysPath + "?fcm_subtrader_id=u_none"}).mustBe(t, 200, `{"api_keys":[]}`)
}

func TestTheOrderOfTheListIsAChoice(t *testing.T) {
	for name, test := range map[string]struct {
		order sandbox.ListOrder
		want  []string
	}{
		"oldest first": {sandbox.OldestFirst, []string{"bootstrap", "c", "a"}},
		"newest first": {sandbox.NewestFirst, []string{"a", "c", "bootstrap"}},
		"by name":      {sandbox.ByName, []string{"a", "bootstrap", "c"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, sandbox.WithChoices(sandbox.Choices{Order: test.order}))
			b.generate(t, "c")
			b.generate(t, "a")
			if got := b.names(t); !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestADeletedKeyIsGoneAtOnce(t *testing.T) {
	b := newBench(t)
	doomed := b.generate(t, "doomed")
	b.delete(t, strings.ToUpper(doomed.id)).mustBe(t, 204, "")
	b.send(t, sent{as: doomed}).mustBe(t, 401, unknownKey)
	b.delete(t, doomed.id).mustBe(t, 404, notFound)
	if names := b.names(t); !slices.Equal(names, []string{"bootstrap"}) {
		t.Errorf("the list is %q", names)
	}
}

func TestDeleteRefusesAnIDThatIsNoUUID(t *testing.T) {
	b := newBench(t)
	for _, id := range []string{"generate", "7", unknownID + "0", "%20" + unknownID} {
		b.delete(t, id).mustRefuseInput(t, "api_key is not a UUID")
	}
	b.delete(t, unknownID).mustBe(t, 404, notFound)
}

func TestAKeyMayDeleteItselfUnlessTheOptionForbidsIt(t *testing.T) {
	b := newBench(t)
	b.delete(t, b.key.id).mustHaveStatus(t, 204)
	b.send(t, sent{}).mustBe(t, 401, unknownKey)

	b = newBench(t, sandbox.WithChoices(sandbox.Choices{RefuseSelfDeletion: true}))
	b.delete(t, b.key.id).mustHaveStatus(t, 401)
	b.delete(t, b.generate(t, "other").id).mustHaveStatus(t, 204)
}

func TestAccountsDoNotSeeEachOther(t *testing.T) {
	b := newBench(t)
	mine := b.generate(t, "mine")
	stranger := b.bootstrap(t, sandbox.InAccount("stranger"), sandbox.Named("theirs"))
	got := b.send(t, sent{as: stranger})
	if strings.Contains(got.body, mine.id) || !strings.Contains(got.body, stranger.id) {
		t.Errorf("the stranger sees %s", got.body)
	}
	b.send(t, sent{method: "DELETE", path: keysPath + "/" + mine.id, as: stranger}).mustBe(t, 404, notFound)
	b.send(t, sent{as: mine}).mustHaveStatus(t, 200)
}

func TestDelaysRunByTheClock(t *testing.T) {
	b := newBench(t, sandbox.WithChoices(sandbox.Choices{CreateDelay: time.Second, DeleteDelay: 2 * time.Second, ListDelay: 3 * time.Second}))
	fresh := b.generate(t, "fresh")
	b.send(t, sent{as: fresh}).mustBe(t, 401, unknownKey)
	b.clock.Advance(time.Second)
	b.send(t, sent{as: fresh}).mustHaveStatus(t, 200)
	b.delete(t, fresh.id).mustHaveStatus(t, 204)
	b.delete(t, fresh.id).mustHaveStatus(t, 404)
	b.clock.Advance(2*time.Second - 1)
	b.send(t, sent{as: fresh}).mustHaveStatus(t, 200)
	b.clock.Advance(1)
	b.send(t, sent{as: fresh}).mustBe(t, 401, unknownKey)
	if names := b.names(t); !slices.Equal(names, []string{"bootstrap", "fresh"}) {
		t.Errorf("the list of 3 s ago is %q", names)
	}
	b.clock.Advance(time.Second)
	if names := b.names(t); !slices.Equal(names, []string{"bootstrap"}) {
		t.Errorf("the list after the delay is %q", names)
	}
}

func TestKeysDeletedLongAgoAreForgotten(t *testing.T) {
	b := newBench(t)
	old := b.generate(t, "old")
	b.delete(t, old.id).mustHaveStatus(t, 204)
	for _, step := range []struct {
		pass       time.Duration
		remembered bool
	}{{time.Minute, true}, {2 * time.Hour, false}} {
		b.clock.Advance(step.pass)
		b.generate(t, "new")
		isOld := func(k sandbox.KeyState) bool { return k.ID == old.id }
		if remembered := slices.ContainsFunc(b.box.Keys(), isOld); remembered != step.remembered {
			t.Errorf("%v later the deleted key is remembered: %v", step.pass, remembered)
		}
		b.delete(t, old.id).mustBe(t, 404, notFound)
	}
	if names := b.names(t); !slices.Equal(names, []string{"bootstrap", "new", "new"}) {
		t.Errorf("the list is %q", names)
	}
}

func TestAnotherAnswerToARefusalCanBeSet(t *testing.T) {
	b := newBench(t, sandbox.WithChoices(sandbox.Choices{Answers: map[sandbox.Refusal]sandbox.Answer{sandbox.RefusedNotFound: {Status: http.StatusNotFound, Body: `{"msg":"gone"}`}}}))
	b.delete(t, unknownID).mustBe(t, 404, `{"msg":"gone"}`)
}
