package contract_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"kalshi.internal/apikeys/api/contract"
)

func TestARequestGoesOutAsItWas(t *testing.T) {
	for name, edit := range map[string]func(*http.Request){
		"with a known length":       func(*http.Request) {},
		"chunked":                   func(r *http.Request) { r.ContentLength = -1 },
		"that cannot be sent twice": func(r *http.Request) { r.GetBody = nil },
	} {
		t.Run(name, func(t *testing.T) {
			r := create().request(t, "http://127.0.0.1")
			edit(r)
			body, length, again := r.Body, r.ContentLength, r.GetBody != nil
			next := roundTripper(func(sent *http.Request) (*http.Response, error) {
				got, err := io.ReadAll(sent.Body)
				if err != nil || string(got) != createBody("") {
					t.Errorf("the body became %q, %v", got, err)
				}
				if sent.ContentLength != length || (sent.GetBody != nil) != again {
					t.Errorf("length %d and GetBody %v became %d and %v", length, again, sent.ContentLength, sent.GetBody != nil)
				}
				return nil, errors.New("that is all")
			})
			if _, err := contract.Transport(next, contract.TB(t)).RoundTrip(r); err == nil { //nolint:bodyclose // there is none
				t.Error("the error of the next transport was lost")
			}
			if r.Body != body || r.ContentLength != length {
				t.Error("the caller's request was changed")
			}
		})
	}
}

func TestAWrongRequestIsSentAllTheSame(t *testing.T) {
	sent := false
	e := generate().sending(`{}`).answering(func(w http.ResponseWriter, r *http.Request) {
		sent = true
		answer(400, nestedError)(w, r)
	})
	if got := e.throughTransport(t).Violations(); len(got) != 1 || !sent {
		t.Errorf("violations %v, sent %v", got, sent)
	}
}

func TestARequestBodyThatFailsFailsAsBefore(t *testing.T) {
	broken := errors.New("broken")
	collector := &contract.Collector{}
	r := generate().request(t, "http://127.0.0.1")
	r.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"name`), iotest.ErrReader(broken)))
	next := roundTripper(func(sent *http.Request) (*http.Response, error) {
		got, err := io.ReadAll(sent.Body)
		if string(got) != `{"name` || !errors.Is(err, broken) {
			t.Errorf("the next transport read %q, %v", got, err)
		}
		return nil, err
	})
	if _, err := contract.Transport(next, collector).RoundTrip(r); !errors.Is(err, broken) { //nolint:bodyclose // there is none
		t.Errorf("got %v", err)
	}
	if got := collector.Violations(); len(got) != 1 || got[0].Rule != contract.RuleTruncated {
		t.Errorf("got %v", got)
	}
}

func TestAResponseArrivesAsItWas(t *testing.T) {
	for name, tt := range map[string]struct {
		answer  http.HandlerFunc
		body    string
		wantErr error
	}{
		"whole":               {answer(200, listBody), listBody, nil},
		"not JSON":            {answer(200, "\xff{{"), "\xff{{", nil},
		"larger than checked": {answer(200, strings.Repeat("x", 2*contract.MaxBodyBytes)), strings.Repeat("x", 2*contract.MaxBodyBytes), nil},
		"broken off": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "500")
			answer(200, listBody)(w, r)
		}, listBody, io.ErrUnexpectedEOF},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(tt.answer)
			defer server.Close()
			transport := contract.Transport(server.Client().Transport, &contract.Collector{})
			r, err := transport.RoundTrip(list().request(t, server.URL))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = r.Body.Close() }()
			got, err := io.ReadAll(r.Body)
			if string(got) != tt.body || !errors.Is(err, tt.wantErr) {
				t.Errorf("got %d bytes and %v, wanted %d and %v", len(got), err, len(tt.body), tt.wantErr)
			}
		})
	}
}

func TestAResponseWithoutABodyStaysWithoutOne(t *testing.T) {
	server := httptest.NewServer(answer(204, ""))
	defer server.Close()
	r, err := contract.Transport(server.Client().Transport, contract.TB(t)).RoundTrip(remove().request(t, server.URL))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	if r.Body != http.NoBody {
		t.Errorf("the body became %T", r.Body)
	}
}

func TestACallThatIsCancelledWhileItsBodyArrivesEnds(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "{")
		_ = http.NewResponseController(w).Flush()
		<-release
	}))
	defer server.Close()
	defer close(release)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	next := roundTripper(func(r *http.Request) (*http.Response, error) {
		answer, err := server.Client().Transport.RoundTrip(r)
		if err == nil {
			answer.Body = afterRead{answer.Body, cancel}
		}
		return answer, err
	})
	r, err := contract.Transport(next, &contract.Collector{}).RoundTrip(list().request(t, server.URL).WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	if got, err := io.ReadAll(r.Body); string(got) != "{" || !errors.Is(err, context.Canceled) {
		t.Errorf("got %q, %v", got, err)
	}
}

// afterRead is a body that calls a function whenever some of it has been read.
type afterRead struct {
	io.ReadCloser
	call func()
}

func (a afterRead) Read(p []byte) (int, error) {
	defer a.call()
	return a.ReadCloser.Read(p)
}

func TestAConnectionThatSwitchesProtocolsStaysUsable(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = conn.Close() }()
		_, _ = buffered.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
		_ = buffered.Flush()
		line, _ := buffered.ReadString('\n')
		_, _ = buffered.WriteString(line)
		_ = buffered.Flush()
	}))
	defer server.Close()
	r, err := contract.Transport(server.Client().Transport, &contract.Collector{}).RoundTrip(list().request(t, server.URL))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	conn, ok := r.Body.(io.ReadWriter)
	if !ok {
		t.Fatalf("the body became %T", r.Body)
	}
	if _, err := io.WriteString(conn, "hello\n"); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(conn); err != nil || string(got) != "hello\n" {
		t.Errorf("got %q, %v", got, err)
	}
}

// failures is a testing.TB that only listens.
type failures struct{ bytes.Buffer }

func (f *failures) Helper() {}
func (f *failures) Errorf(format string, args ...any) {
	_, _ = fmt.Fprintf(f, format, args...)
}

func TestAViolationFailsTheTestAndNamesTheLineOfTheCall(t *testing.T) {
	server := httptest.NewServer(answer(302, ""))
	defer server.Close()
	failed := &failures{}
	client := http.Client{Transport: contract.Transport(server.Client().Transport, contract.TB(failed))}
	_, _, line, _ := runtime.Caller(0)
	_, _ = client.Do(list().request(t, server.URL)) //nolint:bodyclose // the answer is an error
	for _, want := range []string{
		fmt.Sprintf("contract/transport_test.go:%d", line+1),
		"getApiKeys", "response", "status", "302", "GET /trade-api/v2/api_keys", "200, 401, 500",
	} {
		if !strings.Contains(failed.String(), want) {
			t.Errorf("%q is not in:\n%s", want, failed)
		}
	}
}

func TestAnAllowedDeviationFailsNoTest(t *testing.T) {
	server := httptest.NewServer(answer(503, ""))
	defer server.Close()
	failed := &failures{}
	r, err := contract.Transport(server.Client().Transport, contract.TB(failed)).RoundTrip(list().request(t, server.URL))
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Body.Close()
	if failed.Len() > 0 {
		t.Errorf("got %s", failed)
	}
}
