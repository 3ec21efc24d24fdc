package cli

import (
	"context"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/protocol"
)

func (d *demo) signWithRSA(ctx context.Context) error {
	d.say.explain("RSA-PSS with SHA-256 over timestamp, method and path, with nothing between them.")
	public, ok := d.rsa.Signer().Public().(*rsa.PublicKey)
	if !ok {
		return fmt.Errorf("the key is not RSA but %T", d.rsa.Signer().Public())
	}
	return d.signByHand(ctx, d.rsa, "rsa.pem", public.Size())
}

func (d *demo) signWithEd25519(ctx context.Context) error {
	d.say.explain("The same text, signed with Ed25519. The client sees from the key which it is.")
	return d.signByHand(ctx, d.ed25519, "ed25519.pem", ed25519.SignatureSize)
}

// signByHand does without the client what the client does: it shows that a signed request is
// plain HTTP with three headers.
func (d *demo) signByHand(ctx context.Context, credentials *wrapper.Credentials, file string, signatureBytes int) error {
	target, err := url.Parse(d.baseURL + "/api_keys")
	if err != nil {
		return err
	}
	path := protocol.Path(target)
	headers, err := sign(credentials, http.MethodGet, path)
	if err != nil {
		return err
	}
	signed, err := base64.StdEncoding.DecodeString(headers.Signature)
	if err != nil || len(signed) != signatureBytes {
		return errors.New("the signature has not the length of the key's signatures")
	}
	d.say.code("signed, err := protocol.Sign(credentials.Signer(), timestamp, method, path)")
	d.say.shell("kalshi-keys sign GET " + path + " --key-id " + headers.KeyID + " --private-key-file " + file + " |")
	d.say.shell("    curl -H @- " + target.String())
	d.say.came("text        %s", protocol.Text(headers.Timestamp, http.MethodGet, path))
	d.say.came("%s: %s", protocol.HeaderKey, headers.KeyID)
	d.say.came("%s: %s", protocol.HeaderTimestamp, headers.Timestamp)
	d.say.came("%s: (%d bytes in base64)", protocol.HeaderSignature, len(signed))
	return d.get(ctx, target.String(), headers)
}

func (d *demo) get(ctx context.Context, target string, headers signedHeaders) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target, http.NoBody)
	if err != nil {
		return err
	}
	request.Header.Set(protocol.HeaderKey, headers.KeyID)
	request.Header.Set(protocol.HeaderSignature, headers.Signature)
	request.Header.Set(protocol.HeaderTimestamp, headers.Timestamp)
	response, err := d.http.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the signed request was answered %s", response.Status)
	}
	d.say.came("GET with these headers: %s", response.Status)
	return nil
}
