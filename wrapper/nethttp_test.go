package wrapper_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
)

// streamServer speaks as much HTTP/2 as it takes to read requests, to reset the first of them
// when it is whole, and to answer all others. Go's own server never sends the reset that has
// net/http send a request again.
type streamServer struct {
	t        *testing.T
	answer   []byte // of the header block, as HPACK, and what follows as the body
	body     string
	requests atomic.Int32
}

const (
	frameData, frameHeaders, frameReset, frameSettings = 0, 1, 3, 4

	flagEndStream, flagEndHeaders, flagAck = 1, 4, 1

	resetProtocolError = 1
)

func newStreamServer(t *testing.T, status, body string) (server *streamServer, url, transport wrapper.Option) {
	t.Helper()
	// :status and content-type, both as literals whose names stand in the static table.
	header := append([]byte{0x08, byte(len(status))}, status...)
	header = append(append(header, 0x0f, 0x10, byte(len("application/json"))), "application/json"...)
	s := &streamServer{t: t, answer: header, body: body}
	model := httptest.NewUnstartedServer(nil)
	model.EnableHTTP2 = true
	model.StartTLS()
	t.Cleanup(model.Close)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: model.TLS.Certificates, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	serveRaw(t, listener, s.serve)
	trusting, _ := model.Client().Transport.(*http.Transport)
	trusting = trusting.Clone()
	trusting.ForceAttemptHTTP2 = true
	t.Cleanup(trusting.CloseIdleConnections)
	return s, wrapper.WithBaseURL("https://" + listener.Addr().String() + basePath), wrapper.WithHTTPTransport(trusting)
}

// serveRaw hands each connection to serve, and ends with the test.
func serveRaw(t *testing.T, listener net.Listener, serve func(net.Conn)) {
	t.Helper()
	var running sync.WaitGroup
	ended := make(chan struct{})
	running.Go(func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() { serve(connection) })
			running.Go(func() {
				<-ended
				_ = connection.Close()
			})
		}
	})
	t.Cleanup(func() {
		close(ended)
		_ = listener.Close()
		running.Wait()
	})
}

func (s *streamServer) serve(connection net.Conn) {
	preface := make([]byte, len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
	if _, err := io.ReadFull(connection, preface); err != nil {
		return
	}
	s.write(connection, frameSettings, 0, 0, nil)
	for {
		kind, flags, stream, err := readFrame(connection)
		switch {
		case err != nil:
			return
		case kind == frameSettings && flags&flagAck == 0:
			s.write(connection, frameSettings, flagAck, 0, nil)
		case (kind == frameData || kind == frameHeaders) && flags&flagEndStream != 0:
			s.respond(connection, stream)
		}
	}
}

func (s *streamServer) respond(connection net.Conn, stream uint32) {
	if s.requests.Add(1) == 1 {
		s.write(connection, frameReset, 0, stream, binary.BigEndian.AppendUint32(nil, resetProtocolError))
		return
	}
	s.write(connection, frameHeaders, flagEndHeaders, stream, s.answer)
	s.write(connection, frameData, flagEndStream, stream, []byte(s.body))
}

func (s *streamServer) write(w io.Writer, kind, flags byte, stream uint32, payload []byte) {
	frame := binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(kind))
	frame = binary.BigEndian.AppendUint32(append(frame, flags), stream)
	// A client that has gone is no fault of the server's.
	_, _ = w.Write(append(frame, payload...))
}

func readFrame(r io.Reader) (kind, flags byte, stream uint32, err error) {
	var head [9]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, 0, 0, err
	}
	length := int64(binary.BigEndian.Uint32(head[:4]) >> 8)
	_, err = io.CopyN(io.Discard, r, length)
	return head[3], head[4], binary.BigEndian.Uint32(head[5:]), err
}

func TestAPostThatHTTP2ResetsIsNotSentAgain(t *testing.T) {
	server, url, transport := newStreamServer(t, "201", `{"api_key_id":"`+ownKeyID+`","private_key":"k"}`)
	client, err := wrapper.NewClient(newCredentials(t, ownKeyID), url, transport, wrapper.WithRetry(wrapper.Retry{AttemptTimeout: patience}))
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.GenerateAPIKey(t.Context(), gen.GenerateAPIKeyRequest{Name: "bot"})
	mustMatch(t, err, wrapper.ErrOutcomeUnknown)
	if got := server.requests.Load(); got != 1 {
		t.Errorf("%d requests, want 1", got)
	}
}

func TestADeleteThatTheTransportSentAgainAndThatFindsNothingHasSucceeded(t *testing.T) {
	server, url, transport := newStreamServer(t, "404", `{"code":"not_found","message":"not found"}`)
	client, err := wrapper.NewClient(newCredentials(t, ownKeyID), url, transport, wrapper.WithRetry(wrapper.Retry{AttemptTimeout: patience}))
	if err != nil {
		t.Fatal(err)
	}
	if err := client.DeleteAPIKey(t.Context(), otherKey); err != nil {
		t.Errorf("the first request deleted the key, and the call says: %v", err)
	}
	if got := server.requests.Load(); got != 2 {
		t.Errorf("%d requests, want 2: net/http does not send it again any more", got)
	}
}

// dying is a connection on which nothing can be written once it is dead.
type dying struct {
	net.Conn

	dead *atomic.Bool
}

func (d dying) Write(p []byte) (int, error) {
	if d.dead.Load() {
		return 0, net.ErrClosed
	}
	return d.Conn.Write(p)
}

func TestADeleteThatOnlyLeftOnceAndThatFindsNothingHasNotSucceeded(t *testing.T) {
	f := newFixture(t, answer(200, emptyList), answer(404, `{"code":"not_found","message":"not found"}`))
	var dead atomic.Bool
	var dialled atomic.Int32
	client := f.client(t, wrapper.WithHTTPTransport(&http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			connection, err := new(net.Dialer).DialContext(ctx, network, address)
			if dialled.Add(1) == 1 {
				return dying{connection, &dead}, err
			}
			return connection, err
		},
	}))
	if _, err := client.GetAPIKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	dead.Store(true)
	err := client.DeleteAPIKey(t.Context(), otherKey)
	mustMatch(t, err, wrapper.ErrNotFound)
	if errors.Is(err, wrapper.ErrOutcomeUnknown) || dialled.Load() != 2 {
		t.Errorf("after %d connections: %v", dialled.Load(), err)
	}
}

// rawServer answers the first request on each connection with text, and tells when the client
// has closed the connection.
func rawServer(t *testing.T, text string) (baseURL string, closed <-chan struct{}) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{}, 1)
	serveRaw(t, listener, func(connection net.Conn) {
		request := make([]byte, 64<<10)
		for read := 0; !isWholeRequest(request[:read]); {
			n, err := connection.Read(request[read:])
			if err != nil {
				return
			}
			read += n
		}
		_, _ = io.WriteString(connection, text)
		_, _ = io.Copy(io.Discard, connection)
		gone <- struct{}{}
	})
	return "http://" + listener.Addr().String() + basePath, gone
}

// isWholeRequest is true for a GET, and for a POST with JSON.
func isWholeRequest(request []byte) bool {
	return bytes.HasSuffix(request, []byte("}")) ||
		bytes.HasPrefix(request, []byte("GET")) && bytes.HasSuffix(request, []byte("\r\n\r\n"))
}

func TestWhatFollowsTheAnswerToGenerateIsNotLogged(t *testing.T) {
	const canary = "canary-4d1c"
	body := `{"api_key_id":"` + ownKeyID + `","private_key":"` + canary + `"}`
	for name, answer := range map[string]string{
		"a body behind a 204":         "204 No Content\r\n\r\n" + body,
		"a body that is said to be 0": "201 Created\r\nContent-Length: 0\r\n\r\n" + body,
		"a body that is said to be 5": "201 Created\r\nContent-Length: 5\r\n\r\n" + body,
		"a body that comes twice":     fmt.Sprintf("201 Created\r\nContent-Length: %d\r\n\r\n%s%s", len(body), body, body),
	} {
		t.Run(name, func(t *testing.T) {
			var logged safeBuffer
			log.SetOutput(&logged)
			defer log.SetOutput(os.Stderr)
			url, closed := rawServer(t, "HTTP/1.1 "+answer)
			client, err := wrapper.NewClient(newCredentials(t, ownKeyID), wrapper.WithBaseURL(url), wrapper.WithRetry(wrapper.Retry{AttemptTimeout: patience}))
			if err != nil {
				t.Fatal(err)
			}
			_, _ = client.GenerateAPIKey(t.Context(), gen.GenerateAPIKeyRequest{Name: "bot"})
			<-closed
			if strings.Contains(logged.String(), canary) {
				t.Error("net/http logged the private key")
			}
		})
	}
}

func TestASwitchToAnotherProtocolThatNobodyAskedForEndsTheConnection(t *testing.T) {
	url, closed := rawServer(t, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
	client, err := wrapper.NewClient(newCredentials(t, ownKeyID), wrapper.WithBaseURL(url), wrapper.WithRetry(wrapper.Retry{AttemptTimeout: patience}))
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.GetAPIKeys(t.Context())
	mustMatch(t, err, wrapper.ErrUnexpectedResponse)
	<-closed
}

type safeBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// emptyAnswers is a transport as tests write them first.
type emptyAnswers struct{ response *http.Response }

func (e emptyAnswers) RoundTrip(*http.Request) (*http.Response, error) { return e.response, nil }

func TestATransportMayLeaveOutTheBody(t *testing.T) {
	transport := wrapper.WithHTTPTransport(emptyAnswers{&http.Response{StatusCode: http.StatusNoContent}})
	client, err := wrapper.NewClient(newCredentials(t, ownKeyID), transport)
	if err != nil {
		t.Fatal(err)
	}
	if err := client.DeleteAPIKey(t.Context(), otherKey); err != nil {
		t.Error(err)
	}
}

func TestATransportWithoutAnAnswerIsAnError(t *testing.T) {
	client, err := wrapper.NewClient(newCredentials(t, ownKeyID), wrapper.WithHTTPTransport(emptyAnswers{}), wrapper.WithRetry(wrapper.Retry{MaxAttempts: 1}))
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.GetAPIKeys(t.Context())
	mustMatch(t, err, wrapper.ErrUnavailable)
}
