// Package validators_test holds the contract kit beside what else checks an exchange against an
// OpenAPI document. It is a module of its own, so that nobody who imports the project has the
// others in the module graph.
package validators_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"strings"
	"testing"
)

const (
	baseURL = "http://127.0.0.1/trade-api/v2"
	keyID   = "0190a5f2-6c1e-4d0e-9b7a-2f6f0f6f8a11"
)

// exchange is a request and its answer.
type exchange struct {
	method, path string
	header       http.Header
	body         string
	status       int
	answerHeader http.Header
	answer       string
}

// The exchanges of the benchmarks are those of a program's day: look, make a key either way.

func list() exchange {
	key := func(last, more string) string {
		return `{"api_key_id":"0190a5f2-6c1e-4d0e-9b7a-2f6f0f6f8a1` + last + `","name":"bot ` + last + `","scopes":["read","write"]` + more + `}`
	}
	return exchange{
		method: http.MethodGet, path: "/api_keys", header: signed(), status: http.StatusOK, answerHeader: jsonHeader(),
		answer: `{"api_keys":[` + key("1", "") + `,` + key("2", `,"subaccount":3`) + `,` + key("3", "") + `],"api_key_region_expiration_ts":1798761600}`,
	}
}

func create() exchange {
	return post("/api_keys", `{"name":"bot","public_key":`+quoted(publicKey())+`,"scopes":["read","write"],"subaccount":3}`,
		`{"api_key_id":"`+keyID+`"}`)
}

func generate() exchange {
	return post("/api_keys/generate", `{"name":"bot","key_type":"rsa","scopes":["read","write"]}`,
		`{"api_key_id":"`+keyID+`","private_key":`+quoted(armoured("RSA PRIVATE KEY"))+`,"key_type":"rsa","warning":null}`)
}

func remove() exchange {
	return exchange{method: http.MethodDelete, path: "/api_keys/" + keyID, header: signed(), status: http.StatusNoContent, answerHeader: http.Header{}}
}

func post(path, body, answer string) exchange {
	header := signed()
	header.Set("Content-Type", "application/json")
	return exchange{
		method: http.MethodPost, path: path, header: header, body: body,
		status: http.StatusCreated, answerHeader: jsonHeader(), answer: answer,
	}
}

func signed() http.Header {
	return http.Header{
		"Kalshi-Access-Key":       {keyID},
		"Kalshi-Access-Signature": {strings.Repeat("QUFB", 21) + "QQ=="},
		"Kalshi-Access-Timestamp": {"1780000000000"},
	}
}

func jsonHeader() http.Header { return http.Header{"Content-Type": {"application/json"}} }

func publicKey() string {
	der, err := x509.MarshalPKIXPublicKey(ed25519.PublicKey(make([]byte, ed25519.PublicKeySize)))
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// armoured returns armour of the size of an RSA key's, with no key inside.
func armoured(kind string) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: make([]byte, 1190)}))
}

func quoted(text string) string {
	out, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(out)
}

// A play hands an exchange out again and again, as net/http would for a new one each time.
type play struct {
	exchange

	request  *http.Request
	response *http.Response
}

func (e exchange) play(tb testing.TB) *play {
	tb.Helper()
	request, err := http.NewRequestWithContext(tb.Context(), e.method, baseURL+e.path, nil)
	if err != nil {
		tb.Fatal(err)
	}
	request.Header = e.header
	response := &http.Response{
		StatusCode: e.status, Header: e.answerHeader, Request: request,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	return &play{e, request, response}
}

// again makes both bodies unread.
func (p *play) again() (*http.Request, *http.Response) {
	p.request.Body, p.request.ContentLength = unread(p.body)
	p.response.Body, p.response.ContentLength = unread(p.answer)
	return p.request, p.response
}

func unread(text string) (io.ReadCloser, int64) {
	if text == "" {
		return http.NoBody, 0
	}
	return io.NopCloser(bytes.NewReader([]byte(text))), int64(len(text))
}
