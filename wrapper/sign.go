package wrapper

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// SignRequest returns the signing request editor alone, for a client that oapi-codegen
// generated from any part of the service's contract:
//
//	client, err := yours.NewClient(url, yours.WithRequestEditorFn(wrapper.SignRequest(creds)))
//
// It signs with the system's clock and refuses plain http and ws to anything but loopback
// ([ErrInsecure]); wss is as good as https. It does not retry or correct the clock, and generated clients run it once per
// call: give a retrying HTTP client a [Transport] instead, which signs every attempt.
//
// An HTTP client that follows a redirect takes the signed headers along, to another host too:
// set CheckRedirect to return [http.ErrUseLastResponse], as the example does.
// The editor is safe for concurrent use if source is.
func SignRequest(source CredentialSource) func(context.Context, *http.Request) error {
	return func(ctx context.Context, req *http.Request) error {
		if source == nil {
			return errNoSource
		}
		if err := protocol.RequireSecure(req.URL); err != nil {
			return err
		}
		_, err := signWith(ctx, source, req, time.Now())
		return err
	}
}

// errSignedLate reports a signature that was made after the attempt's time had ended. The request
// was not sent.
var errSignedLate = errors.New("the signature came too late")

// signEach is the layer that signs each attempt for the origin of base or of its WebSocket, with the time of that
// attempt at the service and the credentials that the source has at that time.
func signEach(next layer, source CredentialSource, clock Clock, base *url.URL) layer {
	webSocket := protocol.WebSocketURL(base)
	return func(req *http.Request, offset time.Duration) answer {
		if err := checkSignable(req, base, webSocket); err != nil {
			return refuse(req, err)
		}
		// The time is taken before the source is asked: what the source has found out holds for this timestamp.
		credentials, err := signWith(req.Context(), source, req, clock.Now().Add(offset))
		if err != nil {
			return refuse(req, err)
		}
		if ended := req.Context().Err(); ended != nil {
			closeBody(req)
			return answer{err: fmt.Errorf("%w: %w", errSignedLate, ended), delivery: neverSent}
		}
		a := next(req, offset)
		if a.status() == http.StatusUnauthorized {
			a.selfCheck = newSelfCheck(credentials, req)
		}
		return a
	}
}

// checkSignable returns why a request must not be signed for the origin of base or of its WebSocket, nil
// if it may.
func checkSignable(req *http.Request, base, webSocket *url.URL) error {
	if req.Response != nil {
		return refuseRedirected(req.Response)
	}
	if !isSameOrigin(req.URL, base) && !isSameOrigin(req.URL, webSocket) {
		return fmt.Errorf("%w: the request goes to another origin than the client's base URL %s://%s; make a client for that origin",
			ErrInsecure, base.Scheme, base.Host)
	}
	if req.Host != "" && req.Host != req.URL.Host {
		return fmt.Errorf("%w: the request's Host is not that of its URL; leave Request.Host empty", ErrInsecure)
	}
	if req.URL.Opaque != "" {
		return fmt.Errorf("%w: the URL is opaque, so its path cannot be signed; set URL.Path", ErrInvalidRequest)
	}
	for name := range req.Header {
		switch http.CanonicalHeaderKey(name) {
		case canonicalKey, canonicalSignature, canonicalTimestamp:
			return fmt.Errorf("%w: the request already has the header %s; leave it to the transport", ErrInvalidRequest, name)
		}
	}
	return nil
}

// refuseRedirected returns why a redirect is not followed. The request that it answers was sent.
func refuseRedirected(redirect *http.Response) error {
	err := fmt.Errorf("%w: status %d redirects, and a redirect is not followed: it may turn a POST into a GET; "+
		"set CheckRedirect to return http.ErrUseLastResponse to get the redirect as the answer", ErrUnexpectedResponse, redirect.StatusCode)
	if mayFollowEffect(redirect.StatusCode) && (redirect.Request == nil || protocol.ChangesState(protocol.Method(redirect.Request))) {
		return fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)
	}
	return err
}

// mayFollowEffect reports whether a redirect may be the answer to a request that has taken effect:
// 303 says so, and 302 is used for it.
func mayFollowEffect(status int) bool {
	return status == http.StatusFound || status == http.StatusSeeOther
}

func isSameOrigin(a, b *url.URL) bool {
	return protocol.HTTPScheme(a) == protocol.HTTPScheme(b) && (a.Host == b.Host || strings.EqualFold(a.Hostname(), b.Hostname()) && portOf(a) == portOf(b))
}

func portOf(u *url.URL) string {
	return cmp.Or(u.Port(), map[string]string{"http": "80", "https": "443"}[protocol.HTTPScheme(u)])
}

// signWith signs req and returns what it was signed with.
func signWith(ctx context.Context, source CredentialSource, req *http.Request, now time.Time) (*Credentials, error) {
	credentials, err := source.Credentials(ctx)
	if err != nil {
		return nil, fmt.Errorf("the credential source failed: %w", err)
	}
	if credentials == nil || credentials.Signer() == nil {
		return nil, errors.New("the credential source returned neither credentials nor an error; it must return one of them")
	}
	timestamp := protocol.Timestamp(now)
	signed, err := protocol.Sign(credentials.Signer(), timestamp, protocol.Method(req), protocol.Path(req.URL))
	if err != nil {
		return nil, err
	}
	if req.Header == nil {
		req.Header = make(http.Header)
	}
	// One allocation for the three values, in place of three.
	values := []string{credentials.KeyID(), signed, timestamp}
	req.Header[canonicalKey] = values[0:1:1]
	req.Header[canonicalSignature] = values[1:2:2]
	req.Header[canonicalTimestamp] = values[2:3:3]
	return credentials, nil
}

// The names of the headers as net/http spells them, which saves spelling them out for each
// request.
const (
	canonicalKey       = "Kalshi-Access-Key"
	canonicalSignature = "Kalshi-Access-Signature"
	canonicalTimestamp = "Kalshi-Access-Timestamp"
)
