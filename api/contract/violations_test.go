package contract_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"kalshi.internal/apikeys/api/contract"
)

// Which side can see a violation: net/http hides some of them from one of the two.
const (
	bothSides = iota
	clientOnly
	serverOnly
)

type violationCase struct {
	name      string
	exchange  exchange
	direction contract.Direction
	where     string
	rule      contract.Rule
	side      int
}

func requestViolations() []violationCase {
	in := func(name string, e exchange, where string, rule contract.Rule) violationCase {
		return violationCase{name, e, contract.Request, where, rule, bothSides}
	}
	return []violationCase{
		in("an undocumented path", list().to("GET", "/portfolio"), "path", contract.RulePath),
		in("a doubled slash", list().to("GET", "//api_keys"), "path", contract.RulePath),
		in("a path in other case", list().to("GET", "/API_keys"), "path", contract.RulePath),
		in("a path below a key", list().to("GET", "/api_keys/"+keyID+"/scopes"), "path", contract.RulePath),
		in("a trailing slash on the list", list().to("GET", "/api_keys/"), "path", contract.RuleTrailingSlash),
		in("a trailing slash on generate", generate().to("POST", "/api_keys/generate/"), "path", contract.RuleTrailingSlash),
		in("a trailing slash on delete", remove().to("DELETE", "/api_keys/"+keyID+"/"), "path", contract.RuleTrailingSlash),
		in("a foreign method on the list", list().to("PUT", "/api_keys"), "method", contract.RuleMethod),
		in("HEAD on the list", list().to("HEAD", "/api_keys"), "method", contract.RuleMethod),
		in("OPTIONS on the list", list().to("OPTIONS", "/api_keys"), "method", contract.RuleMethod),
		in("PUT on generate", list().to("PUT", "/api_keys/generate"), "method", contract.RuleMethod),
		in("a method in lower case", list().to("get", "/api_keys"), "method", contract.RuleMethod),
		in("a key ID in the path that is no UUID", remove().to("DELETE", "/api_keys/first"), "path api_key", contract.RuleFormat),
		in("a key ID in the path with braces", remove().to("DELETE", "/api_keys/%7B"+keyID+"%7D"), "path api_key", contract.RuleFormat),
		in("a key ID in the path with an escaped slash", remove().to("DELETE", "/api_keys/a%2Fb"), "path api_key", contract.RuleFormat),

		in("an unknown query parameter", list().to("GET", "/api_keys?limit=5"), "query limit", contract.RuleUnknownParameter),
		in("a query parameter of another operation", remove().to("DELETE", "/api_keys/"+keyID+"?fcm_subtrader_id=a_1"), "query fcm_subtrader_id", contract.RuleUnknownParameter),
		in("a query parameter in other case", list().to("GET", "/api_keys?FCM_subtrader_id=a_1"), "query (name of 16 characters)", contract.RuleUnknownParameter),
		in("a repeated query parameter", list().to("GET", "/api_keys?fcm_subtrader_id=a_1&fcm_subtrader_id=a_2"), "query fcm_subtrader_id", contract.RuleRepeatedParameter),
		in("a subtrader without suffix in the query", list().to("GET", "/api_keys?fcm_subtrader_id=a"), "query fcm_subtrader_id", contract.RulePattern),
		in("an empty subtrader in the query", list().to("GET", "/api_keys?fcm_subtrader_id="), "query fcm_subtrader_id", contract.RulePattern),
		in("a query that cannot be read", list().to("GET", "/api_keys?a=%zz"), "query", contract.RuleQuery),

		in("no key header", list().without("Kalshi-Access-Key"), "header KALSHI-ACCESS-KEY", contract.RuleAuthentication),
		in("no signature header", create().without("Kalshi-Access-Signature"), "header KALSHI-ACCESS-SIGNATURE", contract.RuleAuthentication),
		in("no timestamp header", remove().without("Kalshi-Access-Timestamp"), "header KALSHI-ACCESS-TIMESTAMP", contract.RuleAuthentication),
		in("no authentication at all", generate().without("Kalshi-Access-Key", "Kalshi-Access-Signature", "Kalshi-Access-Timestamp"), "header KALSHI-ACCESS-KEY", contract.RuleAuthentication),
		in("an empty signature header", list().setting("Kalshi-Access-Signature", ""), "header KALSHI-ACCESS-SIGNATURE", contract.RuleAuthentication),
		in("the key header twice", list().with(func(r *http.Request) { r.Header.Add("Kalshi-Access-Key", keyID) }), "header KALSHI-ACCESS-KEY", contract.RuleAuthentication),
		in("the key header twice, in two spellings", list().with(func(r *http.Request) { r.Header["KALSHI-ACCESS-KEY"] = []string{keyID} }), "header KALSHI-ACCESS-KEY", contract.RuleAuthentication),
		in("a stray character in the key ID", list().setting("Kalshi-Access-Key", keyID+"x"), "header KALSHI-ACCESS-KEY", contract.RuleHeaderForm),
		in("a timestamp in seconds", list().setting("Kalshi-Access-Timestamp", "1780000000"), "header KALSHI-ACCESS-TIMESTAMP", contract.RuleHeaderForm),
		in("a timestamp in microseconds", list().setting("Kalshi-Access-Timestamp", "1780000000000000"), "header KALSHI-ACCESS-TIMESTAMP", contract.RuleHeaderForm),
		in("a timestamp as a date", list().setting("Kalshi-Access-Timestamp", "2026-11-22T10:00:00Z"), "header KALSHI-ACCESS-TIMESTAMP", contract.RuleHeaderForm),
		in("a timestamp with a sign", list().setting("Kalshi-Access-Timestamp", "+1780000000000"), "header KALSHI-ACCESS-TIMESTAMP", contract.RuleHeaderForm),
		in("a signature in hexadecimal", list().setting("Kalshi-Access-Signature", strings.Repeat("0f", 33)), "header KALSHI-ACCESS-SIGNATURE", contract.RuleHeaderForm),
		in("a signature without padding", list().setting("Kalshi-Access-Signature", "QQ"), "header KALSHI-ACCESS-SIGNATURE", contract.RuleHeaderForm),
		in("a signature of three bytes", list().setting("Kalshi-Access-Signature", "AAAA"), "header KALSHI-ACCESS-SIGNATURE", contract.RuleHeaderForm),
		in("a signature by an RSA key of 1024 bits", list().setting("Kalshi-Access-Signature", encoded(128)), "header KALSHI-ACCESS-SIGNATURE", contract.RuleHeaderForm),
		in("a signature a byte too long for Ed25519", list().setting("Kalshi-Access-Signature", encoded(65)), "header KALSHI-ACCESS-SIGNATURE", contract.RuleHeaderForm),
		in("a signature in the URL alphabet", list().setting("Kalshi-Access-Signature", "_-__"), "header KALSHI-ACCESS-SIGNATURE", contract.RuleHeaderForm),

		in("a body on the list", list().sending(`{}`), "body", contract.RuleBodyUnexpected),
		in("a body on delete", remove().sending(`{}`), "body", contract.RuleBodyUnexpected),
		in("no body on create", create().sending(""), "body", contract.RuleBodyMissing),
		in("no body on generate", generate().sending(""), "body", contract.RuleBodyMissing),
		in("no content type", create().without("Content-Type"), "header Content-Type", contract.RuleContentType),
		in("a form as content type", create().setting("Content-Type", "application/x-www-form-urlencoded"), "header Content-Type", contract.RuleContentType),
		in("JSON called text", generate().setting("Content-Type", "text/json"), "header Content-Type", contract.RuleContentType),
		in("two content types", generate().with(func(r *http.Request) { r.Header.Add("Content-Type", "application/json") }), "header Content-Type", contract.RuleContentType),
		in("two content types, in two spellings", generate().with(func(r *http.Request) { r.Header["content-type"] = []string{"text/plain"} }), "header Content-Type", contract.RuleContentType),
		in("a content type that cannot be read", generate().setting("Content-Type", "application/json; charset"), "header Content-Type", contract.RuleContentType),
		in("a charset other than UTF-8", generate().setting("Content-Type", "application/json; charset=utf-16"), "header Content-Type", contract.RuleContentType),
		in("an empty charset", generate().setting("Content-Type", `application/json; charset=""`), "header Content-Type", contract.RuleContentType),
		in("a coding in another spelling of its header", generate().with(func(r *http.Request) { r.Header["content-encoding"] = []string{"br"} }), "header Content-Encoding", contract.RuleContentEncoding),
		in("a coding nobody can undo", generate().setting("Content-Encoding", "br"), "header Content-Encoding", contract.RuleContentEncoding),
		in("gzip that is not", generate().setting("Content-Encoding", "gzip"), "body", contract.RuleContentEncoding),

		in("a body that is not JSON", generate().sending(`name=bot`), "body", contract.RuleJSON),
		in("a body that ends too early", generate().sending(`{"name":"bot"`), "body", contract.RuleJSON),
		in("a body of spaces", generate().sending("  \n"), "body", contract.RuleJSON),
		in("a body that is not UTF-8", generate().sending("{\"name\":\"\xff\"}"), "body", contract.RuleJSON),
		in("a byte order mark", generate().sending("\ufeff"+generateBody), "body", contract.RuleJSON),
		in("two JSON values", generate().sending(generateBody+generateBody), "body", contract.RuleOneValue),
		in("bytes after the JSON value", generate().sending(generateBody+"}"), "body", contract.RuleOneValue),
		in("a duplicate key", generate().sending(`{"name":"a","name":"b"}`), "body /name", contract.RuleDuplicateKey),
		in("a duplicate key in another spelling", generate().sending(`{"name":"a","n\u0061me":"b"}`), "body /name", contract.RuleDuplicateKey),
		in("a duplicate key in a nested object", generate().sending(`{"name":"a","x":[{"k":1,"k":2}]}`), "body /x/0/k", contract.RuleDuplicateKey),
		in("an array as body", generate().sending(`[]`), "body", contract.RuleType),
		in("null as body", generate().sending(`null`), "body", contract.RuleNull),
		in("an unknown property", generate().sending(`{"name":"a","expires":1}`), "body /expires", contract.RuleUnknownProperty),
		in("a property of the other operation", generate().sending(createBody("")), "body /public_key", contract.RuleUnknownProperty),
		in("a property in other case", generate().sending(`{"name":"a","keyType":"rsa"}`), "body /keyType", contract.RuleUnknownProperty),

		in("create without name", create().sending(`{"public_key":`+quoted(publicKey)+`}`), "body /name", contract.RuleRequired),
		in("create without public key", create().sending(`{"name":"a"}`), "body /public_key", contract.RuleRequired),
		in("generate without name", generate().sending(`{}`), "body /name", contract.RuleRequired),
		in("a number as name", generate().sending(`{"name":1}`), "body /name", contract.RuleType),
		in("null as name", generate().sending(`{"name":null}`), "body /name", contract.RuleNull),
		in("an array as public key", create().sending(`{"name":"a","public_key":[]}`), "body /public_key", contract.RuleType),
		in("a public key without armour", create().sending(`{"name":"a","public_key":"MCowBQYDK2Vw"}`), "body /public_key", contract.RuleKeyForm),
		in("a public key in PKCS#1 armour", create().sending(strings.ReplaceAll(createBody(""), "PUBLIC KEY", "RSA PUBLIC KEY")), "body /public_key", contract.RuleKeyForm),
		in("text before a public key", create().sending(strings.ReplaceAll(createBody(""), `"-----BEGIN`, `"key:\n-----BEGIN`)), "body /public_key", contract.RuleKeyForm),
		in("text after a public key", create().sending(strings.ReplaceAll(createBody(""), `KEY-----\n"`, `KEY-----\nend"`)), "body /public_key", contract.RuleKeyForm),
		in("a public key with another block in front", create().sending(`{"name":"a","public_key":`+quoted("-----BEGIN PUBLIC KEY-----\n!\n"+publicKey)+`}`), "body /public_key", contract.RuleKeyForm),
		in("an unknown key type", generate().sending(`{"name":"a","key_type":"ecdsa"}`), "body /key_type", contract.RuleEnum),
		in("a key type in capitals", generate().sending(`{"name":"a","key_type":"RSA"}`), "body /key_type", contract.RuleEnum),
		in("null as key type", generate().sending(`{"name":"a","key_type":null}`), "body /key_type", contract.RuleNull),
		in("scopes as a text", generate().sending(`{"name":"a","scopes":"read"}`), "body /scopes", contract.RuleType),
		in("a number among the scopes", create().sending(createBody(`,"scopes":["read",1]`)), "body /scopes/1", contract.RuleType),
		in("an unknown scope in a request", create().sending(createBody(`,"scopes":["read","admin"]`)), "body /scopes/1", contract.RuleEnum),
		in("write without read", generate().sending(`{"name":"a","scopes":["write"]}`), "body /scopes", contract.RuleScopes),
		in("a subaccount below the lowest", create().sending(createBody(`,"subaccount":-1`)), "body /subaccount", contract.RuleMinimum),
		in("a subaccount above the highest", generate().sending(`{"name":"a","subaccount":64}`), "body /subaccount", contract.RuleMaximum),
		in("a subaccount beyond 64 bits", generate().sending(`{"name":"a","subaccount":99999999999999999999}`), "body /subaccount", contract.RuleMaximum),
		in("half a subaccount", generate().sending(`{"name":"a","subaccount":1.5}`), "body /subaccount", contract.RuleType),
		in("a subaccount with a fraction of zero", generate().sending(`{"name":"a","subaccount":1.0}`), "body /subaccount", contract.RuleType),
		in("a subaccount with an exponent", generate().sending(`{"name":"a","subaccount":1e1}`), "body /subaccount", contract.RuleType),
		in("a subaccount as text", generate().sending(`{"name":"a","subaccount":"3"}`), "body /subaccount", contract.RuleType),
		in("null as subaccount in a request", generate().sending(`{"name":"a","subaccount":null}`), "body /subaccount", contract.RuleNull),
		in("a subtrader without suffix", create().sending(createBody(`,"fcm_subtrader_id":"user"`)), "body /fcm_subtrader_id", contract.RulePattern),
		in("a subtrader with a long suffix", generate().sending(`{"name":"a","fcm_subtrader_id":"u_12345678901234567"}`), "body /fcm_subtrader_id", contract.RulePattern),
		in("create for a subaccount and a subtrader", create().sending(createBody(`,"subaccount":1,"fcm_subtrader_id":"u_1"`)), "body", contract.RuleNot),
		in("generate for a subaccount and a subtrader", generate().sending(`{"name":"a","subaccount":1,"fcm_subtrader_id":"u_1"}`), "body", contract.RuleNot),
	}
}

func responseViolations() []violationCase {
	in := func(name string, e exchange, where string, rule contract.Rule) violationCase {
		return violationCase{name, e, contract.Response, where, rule, bothSides}
	}
	key := func(more string) string {
		return `{"api_keys":[{"api_key_id":"` + keyID + `","name":"a","scopes":[]` + more + `}]}`
	}
	lists := func(body string) exchange { return list().answering(answer(200, body)) }
	generates := func(body string) exchange { return generate().answering(answer(201, body)) }
	fails := func(body string) exchange { return remove().answering(answer(404, body)) }
	cases := []violationCase{
		in("200 on create", create().answering(answer(200, createdBody)), "status", contract.RuleStatus),
		in("201 on the list", list().answering(answer(201, listBody)), "status", contract.RuleStatus),
		in("200 on delete", remove().answering(answer(200, `{}`)), "status", contract.RuleStatus),
		in("202 on generate", generate().answering(answer(202, "")), "status", contract.RuleStatus),
		in("301 on the list", list().answering(answer(301, "")), "status", contract.RuleStatus),
		in("302 on create", create().answering(answer(302, "")), "status", contract.RuleStatus),
		in("304 on the list", list().answering(answer(304, "")), "status", contract.RuleStatus),
		in("307 on generate", generate().answering(answer(307, "")), "status", contract.RuleStatus),
		in("308 on delete", remove().answering(answer(308, "")), "status", contract.RuleStatus),
		in("403 on the list", list().answering(answer(403, nestedError)), "status", contract.RuleStatus),
		in("404 on the list", list().answering(answer(404, nestedError)), "status", contract.RuleStatus),
		in("405 on delete", remove().answering(answer(405, nestedError)), "status", contract.RuleStatus),
		in("409 on delete", remove().answering(answer(409, nestedError)), "status", contract.RuleStatus),
		in("422 on create", create().answering(answer(422, nestedError)), "status", contract.RuleStatus),
		in("501 on generate", generate().answering(answer(501, nestedError)), "status", contract.RuleStatus),

		in("an empty list answer", list().answering(answer(200, "")), "body", contract.RuleBodyMissing),
		in("an error without a body", create().answering(answer(500, "")), "body", contract.RuleBodyMissing),
		in("a response without a content type", list().answering(answerAs(200, "", listBody)), "header Content-Type", contract.RuleContentType),
		in("a list in another charset", list().answering(answerAs(200, `application/json; charset="ISO-8859-1"`, listBody)), "header Content-Type", contract.RuleContentType),
		in("a list as text", list().answering(answerAs(200, "text/plain; charset=utf-8", listBody)), "header Content-Type", contract.RuleContentType),
		in("an error as HTML", generate().answering(answerAs(500, "text/html", "<h1>no</h1>")), "header Content-Type", contract.RuleContentType),
		in("an error as a problem document", remove().answering(answerAs(400, "application/problem+json", nestedError)), "header Content-Type", contract.RuleContentType),
		in("a response in an unknown coding", list().answering(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "br")
			answer(200, listBody)(w, r)
		}), "header Content-Encoding", contract.RuleContentEncoding),
		in("half a body", list().answering(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "500")
			answer(200, listBody)(w, r)
		}), "body", contract.RuleTruncated),
		in("a response that breaks off", list().answering(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"api_keys":`)
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}), "body", contract.RuleTruncated),
		in("a body too large to check", list().answering(answer(200, `{"api_keys":[]}`+strings.Repeat(" ", contract.MaxBodyBytes))), "body", contract.RuleSize),

		in("a list that is not JSON", lists(`nope`), "body", contract.RuleJSON),
		in("a list that ends too early", lists(`{"api_keys":[`), "body", contract.RuleJSON),
		in("two values in a response", lists(listBody+"null"), "body", contract.RuleOneValue),
		in("a duplicate key in a response", lists(`{"api_keys":[],"api_keys":[]}`), "body /api_keys", contract.RuleDuplicateKey),
		in("a duplicate key in an item", lists(key(`,"name":"b"`)), "body /api_keys/0/name", contract.RuleDuplicateKey),
		in("a duplicate key in free details", fails(`{"details":{"a":1,"a":2}}`), "body /details/a", contract.RuleDuplicateKey),
		in("an unknown property of the list", lists(`{"api_keys":[],"cursor":""}`), "body /cursor", contract.RuleUnknownProperty),
		in("an unknown property of a key", lists(key(`,"created_ts":1`)), "body /api_keys/0/created_ts", contract.RuleUnknownProperty),
		in("an unknown property of an error", fails(`{"code":"a","trace":"b"}`), "body /trace", contract.RuleUnknownProperty),
		in("an unknown property of a nested error", fails(`{"error":{"code":"a","trace":"b"}}`), "body /error/trace", contract.RuleUnknownProperty),

		in("no list in the list", lists(`{}`), "body /api_keys", contract.RuleRequired),
		in("null as list", lists(`{"api_keys":null}`), "body /api_keys", contract.RuleNull),
		in("an object as list", lists(`{"api_keys":{}}`), "body /api_keys", contract.RuleType),
		in("a text as key", lists(`{"api_keys":["`+keyID+`"]}`), "body /api_keys/0", contract.RuleType),
		in("a key without its ID", lists(`{"api_keys":[{"name":"a","scopes":[]}]}`), "body /api_keys/0/api_key_id", contract.RuleRequired),
		in("a key without its name", lists(`{"api_keys":[{"api_key_id":"`+keyID+`","scopes":[]}]}`), "body /api_keys/0/name", contract.RuleRequired),
		in("a key without its scopes", lists(`{"api_keys":[{"api_key_id":"`+keyID+`","name":"a"}]}`), "body /api_keys/0/scopes", contract.RuleRequired),
		in("a key ID that is no UUID", lists(strings.ReplaceAll(listBody, keyID, "key-1")), "body /api_keys/0/api_key_id", contract.RuleFormat),
		in("null among the scopes", lists(strings.ReplaceAll(listBody, `"read"`, `null`)), "body /api_keys/0/scopes/0", contract.RuleNull),
		in("a listed subaccount above the highest", lists(key(`,"subaccount":64`)), "body /api_keys/0/subaccount", contract.RuleMaximum),
		in("a listed subaccount below the lowest", lists(key(`,"subaccount":-1`)), "body /api_keys/0/subaccount", contract.RuleMinimum),
		in("a number as subtrader", lists(key(`,"fcm_subtrader_id":7`)), "body /api_keys/0/fcm_subtrader_id", contract.RuleType),
		in("an expiry in fractions of seconds", lists(`{"api_keys":[],"api_key_region_expiration_ts":1798761600.5}`), "body /api_key_region_expiration_ts", contract.RuleType),
		in("an expiry beyond 64 bits", lists(`{"api_keys":[],"api_key_region_expiration_ts":9223372036854775808}`), "body /api_key_region_expiration_ts", contract.RuleFormat),
		in("an expiry as a date", lists(`{"api_keys":[],"api_key_region_expiration_ts":"2026-11-22"}`), "body /api_key_region_expiration_ts", contract.RuleType),

		in("create answers without an ID", create().answering(answer(201, `{"warning":null}`)), "body /api_key_id", contract.RuleRequired),
		in("create answers with another form of ID", create().answering(answer(201, `{"api_key_id":"1"}`)), "body /api_key_id", contract.RuleFormat),
		in("create answers with a private key", create().answering(answer(201, generatedBody("PRIVATE KEY", ""))), "body /private_key", contract.RuleUnknownProperty),
		in("a list of warnings", create().answering(answer(201, `{"api_key_id":"`+keyID+`","warning":[]}`)), "body /warning", contract.RuleType),
		in("generate answers without a private key", generates(createdBody), "body /private_key", contract.RuleRequired),
		in("null as private key", generates(`{"api_key_id":"`+keyID+`","private_key":null}`), "body /private_key", contract.RuleNull),
		in("an object as private key", generates(`{"api_key_id":"`+keyID+`","private_key":{"pem":""}}`), "body /private_key", contract.RuleType),
		in("a private key of another PEM type", generates(generatedBody("EC PRIVATE KEY", "")), "body /private_key", contract.RuleKeyForm),
		in("the first line of a private key alone", generates(armoured("", "")), "body /private_key", contract.RuleKeyForm),
		in("a private key with the end of another type", generates(armoured("\nQUFB\n", "PRIVATE KEY")), "body /private_key", contract.RuleKeyForm),
		in("a private key that is not base64", generates(armoured("\n(example)\n", "RSA PRIVATE KEY")), "body /private_key", contract.RuleKeyForm),
		in("a private key with escaped line breaks", generates(armoured(`\nQUFB\n`, "RSA PRIVATE KEY")), "body /private_key", contract.RuleKeyForm),
		in("a private key with nothing inside", generates(armoured("\n", "RSA PRIVATE KEY")), "body /private_key", contract.RuleKeyForm),
		in("an encrypted private key", generates(armoured("\nProc-Type: 4,ENCRYPTED\n\nQUFB\n", "RSA PRIVATE KEY")), "body /private_key", contract.RuleKeyForm),
		in("text before a private key", generates(strings.ReplaceAll(generatedBody("RSA PRIVATE KEY", ""), `"-----BEGIN`, `"key:\n-----BEGIN`)), "body /private_key", contract.RuleKeyForm),
		in("text after a private key", generates(strings.ReplaceAll(generatedBody("RSA PRIVATE KEY", ""), `KEY-----\n"`, `KEY-----\nend"`)), "body /private_key", contract.RuleKeyForm),
		in("an RSA key said to be Ed25519", generates(generatedBody("RSA PRIVATE KEY", `,"key_type":"ed25519"`)), "body /private_key", contract.RuleKeyForm),
		in("an Ed25519 key said to be RSA", generates(generatedBody("PRIVATE KEY", `,"key_type":"rsa"`)), "body /private_key", contract.RuleKeyForm),
		in("an Ed25519 key when no type was asked for", generates(generatedBody("PRIVATE KEY", "")), "body /private_key", contract.RuleKeyForm),
		in("an Ed25519 key, and said to be one, when no type was asked for", generates(generatedBody("PRIVATE KEY", `,"key_type":"ed25519"`)), "body /key_type", contract.RuleKeyForm),
		in("an RSA key when Ed25519 was asked for", generate().sending(`{"name":"a","key_type":"ed25519"}`).answering(answer(201, generatedBody("RSA PRIVATE KEY", ""))), "body /private_key", contract.RuleKeyForm),
		in("an unknown key type in a response", generates(generatedBody("PRIVATE KEY", `,"key_type":"ed448"`)), "body /key_type", contract.RuleEnum),

		in("an empty error object", fails(`{}`), "body", contract.RuleMinProperties),
		in("an error as a bare text", fails(`"not found"`), "body", contract.RuleType),
		in("an error as a list", fails(`[]`), "body", contract.RuleType),
		in("a number as error", fails(`{"error":5}`), "body /error", contract.RuleOneOf),
		in("null as error", fails(`{"error":null}`), "body /error", contract.RuleOneOf),
		in("a number as error code", fails(`{"code":404}`), "body /code", contract.RuleType),
		in("a number as nested error code", fails(`{"error":{"code":404}}`), "body /error/code", contract.RuleType),
	}
	return append(cases,
		violationCase{"a body after 204", remove().answering(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNoContent)
			_, _ = io.WriteString(w, `{}`)
		}), contract.Response, "body", contract.RuleBodyUnexpected, serverOnly},
		violationCase{"a length after 204", remove().answering(raw("HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n{}")),
			contract.Response, "header Content-Length", contract.RuleBodyUnexpected, clientOnly},
		violationCase{"a handler that takes the connection over", list().answering(raw("HTTP/1.1 200 OK\r\n\r\n")),
			contract.Response, "status", contract.RuleTruncated, serverOnly},
		violationCase{"a handler that panics before it answers", remove().answering(panicking(0)),
			contract.Response, "status", contract.RuleTruncated, serverOnly},
		violationCase{"a handler that panics after an answer without a body", remove().answering(panicking(204)),
			contract.Response, "body", contract.RuleTruncated, serverOnly},
		violationCase{"a handler that panics after an allowed status", list().answering(panicking(503)),
			contract.Response, "body", contract.RuleTruncated, serverOnly},
		violationCase{"a handler that does nothing", list().answering(func(http.ResponseWriter, *http.Request) {}),
			contract.Response, "body", contract.RuleBodyMissing, serverOnly},
		violationCase{"a switch of protocols", list().answering(raw("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")),
			contract.Response, "status", contract.RuleStatus, clientOnly},
		violationCase{"a gzip body that is none", list().with(func(r *http.Request) { r.Header.Set("Accept-Encoding", "gzip") }).
			answering(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Encoding", "gzip")
				answer(200, listBody)(w, r)
			}), contract.Response, "body", contract.RuleContentEncoding, bothSides},
		violationCase{"a gzip body too large to check", list().with(func(r *http.Request) { r.Header.Set("Accept-Encoding", "gzip") }).
			answering(answerGzip(listBody + strings.Repeat(" ", contract.MaxBodyBytes))), contract.Response, "body", contract.RuleSize, bothSides},
	)
}

// armoured returns an answer with a private key of this text after the first line, and before the
// last line unless there is none.
func armoured(text, end string) string {
	key := "-----BEGIN RSA " + "PRIVATE KEY-----" + text
	if end != "" {
		key += "-----END " + end + "-----\n"
	}
	return `{"api_key_id":"` + keyID + `","private_key":` + quoted(key) + `}`
}

// encoded returns n bytes in base64.
func encoded(n int) string { return base64.StdEncoding.EncodeToString(make([]byte, n)) }

// panicking writes the status, unless it is 0, and no more.
func panicking(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if status != 0 {
			w.WriteHeader(status)
			_ = http.NewResponseController(w).Flush()
		}
		panic(http.ErrAbortHandler)
	}
}

func answerGzip(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		answer(200, gzipped(body))(w, r)
	}
}

func gzipped(text string) string {
	var buffer bytes.Buffer
	writer := gzip.NewWriter(&buffer)
	_, _ = io.WriteString(writer, text)
	_ = writer.Close()
	return buffer.String()
}

func TestEveryViolationIsCaught(t *testing.T) {
	cases := append(requestViolations(), responseViolations()...)
	if len(cases) < 60 {
		t.Fatalf("the table has %d violations, at least 60 are wanted", len(cases))
	}
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			if tt.side != serverOnly {
				tt.wantIn(t, "client", tt.exchange.throughTransport(t))
			}
			if tt.side != clientOnly {
				tt.wantIn(t, "server", tt.exchange.throughHandler(t))
			}
		})
	}
}

func TestEachUnknownMemberIsReportedOnce(t *testing.T) {
	got := list().answering(answer(200, `{"api_keys":[],"cursor":"","page":1,"total":2}`)).throughTransport(t).Violations()
	var places []string
	for _, v := range got {
		places = append(places, v.Where)
	}
	if want := []string{"body /cursor", "body /page", "body /total"}; !slices.Equal(places, want) {
		t.Errorf("got %q, want %q", places, want)
	}
}

func TestABodyThatIsWrongThroughoutReportsABoundedNumberOfViolations(t *testing.T) {
	body := `{"api_keys":[` + strings.Repeat("1,", 1000) + `1]}`
	if got := list().answering(answer(200, body)).throughTransport(t).Violations(); len(got) != 20 {
		t.Errorf("got %d violations", len(got))
	}
}

// wantIn wants the violation, and not so many others that it drowns in its consequences.
func (c violationCase) wantIn(t *testing.T, side string, collector *reports) {
	t.Helper()
	found := false
	for _, v := range collector.Violations() {
		found = found || v.Direction == c.direction && v.Where == c.where && v.Rule == c.rule
		if lines := strings.Count(v.String(), "\n") + 1; lines > 4 || len(v.String()) > 1000 {
			t.Errorf("%s: the text does not fit a screen:\n%s", side, v)
		}
	}
	if !found || len(collector.Violations()) > 3 {
		t.Errorf("%s: wanted %s %q rule %s, got %v", side, c.direction, c.where, c.rule, collector.Violations())
	}
}
