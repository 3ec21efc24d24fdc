package validators_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestEachToolLetsLegalExchangesPass(t *testing.T) {
	for _, tool := range tools() {
		check := tool.ready(t)
		for name, e := range map[string]exchange{"list": list(), "create": create(), "generate": generate(), "remove": remove()} {
			// The second time shows whether the first left anything behind.
			for range 2 {
				if err := check(e.play(t).again()); err != nil {
					t.Errorf("%s, %s: %v", tool.name, name, err)
				}
			}
		}
	}
}

// violation is a way to leave the contract. A plain one is within reach of any JSON schema, and
// every tool has to catch it, else its time says nothing.
type violation struct {
	name  string
	plain bool
	exchange
}

// TestEveryViolationIsCaughtByTheContractKit also prints, with -v, what the others catch.
func TestEveryViolationIsCaughtByTheContractKit(t *testing.T) {
	const row = "%-49s%-10s%-17s%s\n"
	var table strings.Builder
	fmt.Fprintf(&table, row, "violation", tools()[0].name, tools()[1].name, tools()[2].name)
	var (
		checks [3]check
		caught [3]int
	)
	for i, tool := range tools() {
		checks[i] = tool.ready(t)
	}
	for _, v := range violations() {
		var results [3]string
		for i, tool := range tools() {
			err := checks[i](v.play(t).again())
			results[i] = "missed"
			if err != nil {
				results[i] = "caught"
				caught[i]++
			}
			if err == nil && (v.plain || i == 0) {
				t.Errorf("%s misses %s", tool.name, v.name)
			}
		}
		fmt.Fprintf(&table, row, v.name, results[0], results[1], results[2])
	}
	fmt.Fprintf(&table, "%-49s%-10d%-17d%d\n", fmt.Sprintf("all %d", len(violations())), caught[0], caught[1], caught[2])
	t.Logf("what is caught:\n%s", &table)
}

func violations() []violation {
	return append(inRequests(), inAnswers()...)
}

func inRequests() []violation {
	name := `{"name":"bot"`
	return []violation{
		{"request: a required property is missing", true, create().sending(name + `}`)},
		{"request: a text is a number", true, generate().sending(`{"name":1}`)},
		{"request: a scope that there is not", true, generate().sending(name + `,"scopes":["admin"]}`)},
		{"request: a number above its maximum", true, generate().sending(name + `,"subaccount":64}`)},
		{"request: two properties that exclude each other", false, generate().sending(name + `,"subaccount":1,"fcm_subtrader_id":"u_1"}`)},
		{"request: an unknown property", false, generate().sending(name + `,"title":"bot"}`)},
		{"request: an unknown query parameter", false, list().to("/api_keys?limit=1")},
		{"request: a parameter twice", false, list().to("/api_keys?fcm_subtrader_id=u_1&fcm_subtrader_id=u_2")},
		{"request: a name twice in an object", false, generate().sending(name + `,"name":"other"}`)},
		{"request: another value after the body", false, generate().sending(name + `}{}`)},
		{"request: a body that is no UTF-8", false, generate().sending("{\"name\":\"\xff\"}")},
		{"request: 1.0 for an integer", false, generate().sending(name + `,"subaccount":1.0}`)},
		{"request: a body where none belongs", false, list().with("Content-Type", "application/json").sending(`{}`)},
		{"request: a key ID in the path that is no UUID", false, remove().to("/api_keys/bot")},
		{"request: no signature header", false, list().with("Kalshi-Access-Signature", "")},
		{"request: a signature that is no base64", false, list().with("Kalshi-Access-Signature", "0a1b2c-_")},
		{"request: a timestamp in seconds", false, list().with("Kalshi-Access-Timestamp", "1780000000")},
		{"request: write without read", false, generate().sending(name + `,"scopes":["write"]}`)},
		{"request: a public key in another armour", false, create().sending(name + `,"public_key":` + quoted(armoured("RSA PUBLIC KEY")) + `}`)},
	}
}

func inAnswers() []violation {
	id := `{"api_key_id":"` + keyID + `"`
	rsa := `,"private_key":` + quoted(armoured("RSA PRIVATE KEY"))
	return []violation{
		{"answer: a required property is missing", true, generate().answering(http.StatusCreated, id+`}`)},
		{"answer: an array is an object", true, list().answering(http.StatusOK, `{"api_keys":{}}`)},
		{"answer: null where none may be", true, list().answering(http.StatusOK, `{"api_keys":null}`)},
		{"answer: no JSON", true, create().answering(http.StatusCreated, `<html>`)},
		{"answer: a status that is not documented", false, list().answering(http.StatusTeapot, `{"error":"x"}`)},
		{"answer: a redirect", false, list().answering(http.StatusMovedPermanently, "")},
		{"answer: a body after 204", false, remove().answering(http.StatusNoContent, `{}`)},
		{"answer: no body", false, create().answering(http.StatusCreated, "")},
		{"answer: another media type", false, create().answeringAs("text/html")},
		{"answer: an unknown property", false, create().answering(http.StatusCreated, id+`,"secret":"x"}`)},
		{"answer: an error that says nothing", false, create().answering(http.StatusBadRequest, `{}`)},
		{"answer: a key ID that is no UUID", false, create().answering(http.StatusCreated, `{"api_key_id":"bot"}`)},
		{"answer: a name twice in an object", false, create().answering(http.StatusCreated, id+`,"api_key_id":"`+keyID+`"}`)},
		{"answer: another value after the body", false, create().answering(http.StatusCreated, id+`}{}`)},
		{"answer: 1.0 for an integer", false, list().answering(http.StatusOK, `{"api_keys":[],"api_key_region_expiration_ts":1.0}`)},
		{"answer: an RSA key called ed25519", false, generate().answering(http.StatusCreated, id+rsa+`,"key_type":"ed25519"}`)},
		{"answer: a private key that is no PEM", false, generate().answering(http.StatusCreated, id+`,"private_key":"MC4CAQAw"}`)},
	}
}

func (e exchange) sending(body string) exchange { e.body = body; return e }
func (e exchange) to(path string) exchange      { e.path = path; return e }

// with changes a header of the request, or removes it.
func (e exchange) with(name, value string) exchange {
	e.header = e.header.Clone()
	e.header.Set(name, value)
	if value == "" {
		e.header.Del(name)
	}
	return e
}

func (e exchange) answering(status int, body string) exchange {
	e.status, e.answer, e.answerHeader = status, body, jsonHeader()
	if body == "" {
		e.answerHeader = http.Header{}
	}
	return e
}

func (e exchange) answeringAs(contentType string) exchange {
	e.answerHeader = http.Header{"Content-Type": {contentType}}
	return e
}
