package contract_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

type legalCase struct {
	name     string
	exchange exchange
}

func legalExchanges() []legalCase {
	lists := func(body string) exchange { return list().answering(answer(200, body)) }
	key := func(members string) string {
		return `{"api_keys":[{"api_key_id":"` + keyID + `","name":"a",` + members + `}]}`
	}
	generates := func(body string) exchange { return generate().answering(answer(201, body)) }
	fails := func(body string) exchange { return remove().answering(answer(404, body)) }
	cases := []legalCase{
		{"a list of one key", list()},
		{"an empty list", lists(`{"api_keys":[]}`)},
		{"a list of many keys", lists(`{"api_keys":[` + strings.Repeat(`{"api_key_id":"`+keyID+`","name":"a","scopes":[]},`, 500) + `{"api_key_id":"` + keyID + `","name":"a","scopes":[]}]}`)},
		{"a list for a subtrader", list().to("GET", "/api_keys?fcm_subtrader_id=3f0c7a52_desk1")},
		{"a list with a lone question mark", list().to("GET", "/api_keys?")},
		{"a subtrader with letters beyond ASCII", list().to("GET", "/api_keys?fcm_subtrader_id=%C3%BC_1")},
		{"an unknown scope in a response", lists(key(`"scopes":["read::weather"]`))},
		{"no scopes in a response", lists(key(`"scopes":[]`))},
		{"a key restricted to the lowest subaccount", lists(key(`"scopes":[],"subaccount":0`))},
		{"a key restricted to the highest subaccount", lists(key(`"scopes":[],"subaccount":63`))},
		{"null as listed subaccount", lists(key(`"scopes":[],"subaccount":null`))},
		{"null as listed subtrader", lists(key(`"scopes":[],"fcm_subtrader_id":null`))},
		{"a listed subtrader of any form", lists(key(`"scopes":[],"fcm_subtrader_id":"x"`))},
		{"an expiry", lists(`{"api_keys":[],"api_key_region_expiration_ts":1798761600}`)},
		{"null as expiry", lists(`{"api_keys":[],"api_key_region_expiration_ts":null}`)},
		{"an expiry at the end of 64 bits", lists(`{"api_keys":[],"api_key_region_expiration_ts":9223372036854775807}`)},
		{"members in another order", lists(`{"api_key_region_expiration_ts":1,"api_keys":[{"scopes":[],"name":"a","api_key_id":"` + keyID + `"}]}`)},
		{"white space everywhere", lists("\r\n\t { \"api_keys\" :\n[ ] }\n\n")},
		{"escapes in texts", lists(strings.ReplaceAll(listBody, "bot", `\ud83d\ude80 \"\\ \/ \u0000`))},
		{"an escaped member name", lists(`{"\u0061pi_keys":[]}`)},
		{"a name in any script", lists(strings.ReplaceAll(listBody, "bot", "ключ 鍵"))},
		{"an empty name", lists(strings.ReplaceAll(listBody, "bot", ""))},
		{"a UUID in capitals", lists(strings.ReplaceAll(listBody, keyID, strings.ToUpper(keyID)))},
		{"the same name in two objects", lists(`{"api_keys":[{"api_key_id":"` + keyID + `","name":"a","scopes":[]},{"api_key_id":"` + otherID + `","name":"a","scopes":[]}]}`)},

		{"a charset", list().answering(answerAs(200, "application/json; charset=utf-8", listBody))},
		{"a media type in capitals", list().answering(answerAs(200, "Application/JSON", listBody))},
		{"a charset in a request", generate().setting("Content-Type", `application/json;charset="UTF-8"`)},
		{"a charset in mixed case, with another parameter", list().answering(answerAs(200, "application/json; Charset=Utf-8; profile=x", listBody))},
		{"extra headers in a request", list().setting("User-Agent", "x").setting("X-Request-Id", "1")},
		{"a content type without a body", list().setting("Content-Type", "application/json")},
		{"extra headers in a response", list().answering(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Date", "Sun, 22 Nov 2026 10:00:00 GMT")
			w.Header().Set("Set-Cookie", "a=b")
			answer(200, listBody)(w, r)
		})},
		{"a header that is set too late to be sent", list().answering(func(w http.ResponseWriter, r *http.Request) {
			answer(200, listBody)(w, r)
			w.Header().Set("Content-Type", "text/plain")
		})},
		{"header names that are not canonical", list().without("Kalshi-Access-Key").with(func(r *http.Request) {
			r.Header["KALSHI-ACCESS-KEY"] = []string{keyID}
		})},
		{"a signature by an Ed25519 key", list().setting("Kalshi-Access-Signature", encoded(64))},
		{"a signature by an RSA key of 2048 bits", list().setting("Kalshi-Access-Signature", encoded(256))},
		{"a signature by an RSA key of 4096 bits", list().setting("Kalshi-Access-Signature", encoded(512))},
		{"a chunked response", list().answering(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			for part := range strings.SplitSeq(listBody, ",") {
				if !strings.HasPrefix(part, "{\"api_keys") {
					part = "," + part
				}
				_, _ = io.WriteString(w, part)
				_ = http.NewResponseController(w).Flush()
			}
		})},
		{"a chunked request", generate().with(func(r *http.Request) { r.ContentLength = -1 })},
		{"a request body that cannot be read twice", create().with(func(r *http.Request) { r.GetBody = nil })},
		{"a compressed response that net/http opens", list().answering(answerGzip(listBody))},
		{"a compressed response that the client opens", list().answering(answerGzip(listBody)).
			with(func(r *http.Request) { r.Header.Set("Accept-Encoding", "gzip") })},
		{"a compressed request", generate().sending(gzipped(generateBody)).setting("Content-Encoding", "gzip")},
		{"a response that says it is not compressed", list().answering(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "identity")
			answer(200, listBody)(w, r)
		})},
		{"a response after an informational one", list().answering(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			answer(200, listBody)(w, r)
		})},

		{"create with an Ed25519 key", create()},
		{"create with every optional member", create().sending(createBody(`,"scopes":["read","write"],"subaccount":3`))},
		{"create for a subtrader", create().sending(createBody(`,"fcm_subtrader_id":"u_Desk1"`))},
		{"create with a warning", create().answering(answer(201, `{"api_key_id":"`+keyID+`","warning":"soon"}`))},
		{"create with null as warning", create().answering(answer(201, `{"api_key_id":"`+keyID+`","warning":null}`))},
		{"create with white space around the key", create().sending(strings.ReplaceAll(createBody(""), `-----\n"`, `-----\n\n "`))},
		{"generate", generate()},
		{"generate of an RSA key by name", generate().sending(`{"name":"a","key_type":"rsa"}`).answering(answer(201, generatedBody("RSA PRIVATE KEY", `,"key_type":"rsa"`)))},
		{"generate of an Ed25519 key", generate().sending(`{"name":"a","key_type":"ed25519"}`).answering(answer(201, generatedBody("PRIVATE KEY", `,"key_type":"ed25519"`)))},
		{"generate without a key type in the request", generates(generatedBody("RSA PRIVATE KEY", `,"key_type":"rsa"`))},
		{"generate without a key type in the answer", generate().sending(`{"name":"a","key_type":"ed25519"}`).answering(answer(201, generatedBody("PRIVATE KEY", "")))},
		{"generate with white space around the key", generates(strings.NewReplacer(`"-----BEGIN`, `"\r\n -----BEGIN`, `-----\n"`, `-----\r\n \n"`).Replace(generatedBody("RSA PRIVATE KEY", "")))},
		{"generate of a key without a line break at its end", generates(strings.ReplaceAll(generatedBody("RSA PRIVATE KEY", ""), `-----\n"`, `-----"`))},
		{"generate of a key with the line breaks of Windows", generates(strings.ReplaceAll(generatedBody("RSA PRIVATE KEY", ""), `\n`, `\r\n`))},
		{"generate with an empty name", generate().sending(`{"name":""}`)},
		{"generate with no scopes", generate().sending(`{"name":"a","scopes":[]}`)},
		{"generate with child scopes only", generate().sending(`{"name":"a","scopes":["write::trade","read::portfolio_balance"]}`)},
		{"generate with every scope", generate().sending(`{"name":"a","scopes":["write::block_trade_accept","write::fcm_risk","write::transfer","write::trade","read::portfolio_balance","read::block_trade_accept","write","read"]}`)},
		{"generate for the lowest subaccount", generate().sending(`{"name":"a","subaccount":0}`)},
		{"generate for the highest subaccount", generate().sending(`{"name":"a","subaccount":63}`)},
		{"generate for a subtrader with the longest suffix", generate().sending(`{"name":"a","fcm_subtrader_id":"u_1234567890123456"}`)},
		{"generate for a subtrader with underscores", generate().sending(`{"name":"a","fcm_subtrader_id":"a_b_c"}`)},
		{"delete", remove()},
		{"delete of a key by an ID with an escaped digit", remove().to("DELETE", "/api_keys/%30"+otherID[1:])},
		{"delete of a key by a UUID in capitals", remove().to("DELETE", "/api_keys/"+strings.ToUpper(otherID))},

		{"a nested error", fails(nestedError)},
		{"a flat error", fails(`{"code":"c","message":"m","details":"d"}`)},
		{"an error of msg alone", fails(`{"msg":"m"}`)},
		{"an error as text", fails(`{"error":"m"}`)},
		{"an error without members inside", fails(`{"error":{}}`)},
		{"an error with an object as details", fails(`{"error":{"code":"c","details":{"any":[1,true,null]}}}`)},
		{"an error with null as details", fails(`{"code":"c","details":null}`)},
		{"an error with the former service member", fails(`{"error":{"code":"c","service":"exchange"}}`)},
		{"too many requests", generate().answering(answer(429, `{"error":"too many requests"}`))},
		{"an HTML page of a gateway", create().answering(answerAs(502, "text/html", "<h1>bad gateway</h1>"))},
		{"an empty answer of a gateway", remove().answering(answer(503, ""))},
		{"a gateway that gave up", list().answering(answerAs(504, "text/plain", "upstream timed out"))},
	}
	return append(cases, documentedErrors()...)
}

// documentedErrors has one exchange for every documented error status of every operation.
func documentedErrors() []legalCase {
	var cases []legalCase
	add := func(name string, e exchange, statuses ...int) {
		for _, status := range statuses {
			cases = append(cases, legalCase{fmt.Sprintf("%s answers %d", name, status), e.answering(answer(status, nestedError))})
		}
	}
	add("list", list(), 401, 500)
	add("create", create(), 400, 401, 403, 409, 500)
	add("generate", generate(), 400, 401, 403, 409, 500)
	add("delete", remove(), 400, 401, 404, 500)
	return cases
}

func TestNoLegalExchangeIsFlagged(t *testing.T) {
	cases := legalExchanges()
	if len(cases) < 40 {
		t.Fatalf("the table has %d legal exchanges, at least 40 are wanted", len(cases))
	}
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			for side, collector := range map[string]*reports{
				"client": tt.exchange.throughTransport(t),
				"server": tt.exchange.throughHandler(t),
			} {
				for _, v := range collector.Violations() {
					t.Errorf("%s: %s", side, v)
				}
			}
		})
	}
}

// exchangesOfTheDocument has an exchange for every documented status, made of the examples in the document,
// so that it has those of an operation that is new in it.
func exchangesOfTheDocument(t *testing.T) (all []legalCase) {
	t.Helper()
	bodies := map[string]exchange{"generateApiKey": generate(), "createApiKey": create()}
	for path, item := range loadContract(t).Paths.Map() {
		for method, operation := range item.Operations() {
			e, hasBody := bodies[operation.OperationID]
			if !hasBody {
				e = exchange{method: method, path: strings.ReplaceAll(path, "{api_key}", otherID), header: signedHeader()}
			}
			for text, response := range operation.Responses.Map() {
				status, err := strconv.Atoi(text)
				if err != nil {
					t.Fatal(err)
				}
				body := ""
				if content := response.Value.Content["application/json"]; content != nil {
					body = exampleOf(t, content)
				}
				all = append(all, legalCase{operation.OperationID + " " + text, e.answering(answer(status, body))})
			}
		}
	}
	return all
}

// exampleOf returns an example of a body, and an error where the document has none.
func exampleOf(t *testing.T, content *openapi3.MediaType) string {
	t.Helper()
	value := content.Example
	for _, example := range content.Examples {
		value = example.Value.Value
	}
	if value == nil {
		return nestedError
	}
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheLegalExchangesCoverEveryDocumentedStatus(t *testing.T) {
	for side, send := range map[string]func(exchange){
		"client": func(e exchange) { e.throughTransport(t) }, "server": func(e exchange) { e.throughHandler(t) },
	} {
		coverage := coverageOf(t, func() {
			for _, tt := range append(legalExchanges(), exchangesOfTheDocument(t)...) {
				send(tt.exchange)
			}
		})
		if coverage.Percent() < 100 {
			t.Errorf("%s:\n%s", side, coverage.Table())
		}
	}
}
