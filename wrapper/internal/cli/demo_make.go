package cli

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
)

func (d *demo) generateRSA(ctx context.Context) (err error) {
	d.say.explain("The service makes the pair and shows the private key once. RSA is its default.")
	d.say.code(`made, err := client.GenerateAPIKey(ctx, gen.GenerateAPIKeyRequest{Name: "demo rsa"})`)
	d.say.shell(`kalshi-keys generate "demo rsa" --out rsa.pem`)
	d.rsa, err = d.generate(ctx, gen.GenerateAPIKeyRequest{Name: "demo rsa"})
	if err != nil {
		return err
	}
	public, ok := d.rsa.Signer().Public().(*rsa.PublicKey)
	if !ok {
		return fmt.Errorf("the key is not RSA but %T", d.rsa.Signer().Public())
	}
	d.say.came("an RSA key of %d bits", public.N.BitLen())
	return nil
}

func (d *demo) generateEd25519(ctx context.Context) (err error) {
	d.say.explain("Smaller and some fifty times faster to sign with than RSA.")
	d.say.code(`made, err := client.GenerateAPIKey(ctx, gen.GenerateAPIKeyRequest{`)
	d.say.code(`    Name: "demo ed25519", KeyType: new(gen.KeyTypeEd25519)})`)
	d.say.shell(`kalshi-keys generate "demo ed25519" --type ed25519 --out ed25519.pem`)
	d.ed25519, err = d.generate(ctx, gen.GenerateAPIKeyRequest{Name: "demo ed25519", KeyType: new(gen.KeyTypeEd25519)})
	if err != nil {
		return err
	}
	if _, ok := d.ed25519.Signer().Public().(ed25519.PublicKey); !ok {
		return fmt.Errorf("the key is not Ed25519 but %T", d.ed25519.Signer().Public())
	}
	d.say.came("an Ed25519 key")
	return nil
}

// generate makes a key and shows the answer as fmt shows it, which redacts the private key.
func (d *demo) generate(ctx context.Context, request gen.GenerateAPIKeyRequest) (*wrapper.Credentials, error) {
	made, err := d.admin.GenerateAPIKey(ctx, request)
	if err != nil {
		return nil, err
	}
	d.say.came("ID          %s", made.APIKeyID)
	d.say.came("private key %v", made.PrivateKey)
	return wrapper.NewCredentials(made.APIKeyID, []byte(made.PrivateKey.RevealPrivateKey()))
}

func (d *demo) create(ctx context.Context) error {
	d.say.explain("The private key never leaves your hands. For the Premier and Market Maker levels.")
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	d.say.code(`made, err := client.CreateAPIKey(ctx, gen.CreateAPIKeyRequest{`)
	d.say.code(`    Name: "demo own", PublicKey: publicPEM, Scopes: &gen.Scopes{gen.ScopeRead}})`)
	d.say.shell(`kalshi-keys create "demo own" --public-key own.pub --scope read`)
	made, err := d.admin.CreateAPIKey(ctx, gen.CreateAPIKeyRequest{
		Name: "demo own", PublicKey: string(text), Scopes: &gen.Scopes{gen.ScopeRead},
	})
	if err != nil {
		return err
	}
	d.say.came("ID          %s", made.APIKeyID)
	d.own, err = wrapper.NewSignerCredentials(made.APIKeyID, private)
	if err != nil {
		return err
	}
	return d.listAs(ctx, d.own)
}

// listAs lists the keys, signed with credentials.
func (d *demo) listAs(ctx context.Context, credentials *wrapper.Credentials) error {
	client, err := d.client(credentials)
	if err != nil {
		return err
	}
	keys, err := client.GetAPIKeys(ctx)
	if err != nil {
		return err
	}
	if !holds(keys, credentials.KeyID()) {
		return errors.New("the key that signed is not listed")
	}
	d.say.came("GetAPIKeys, signed with this key: %d keys", len(keys.APIKeys))
	d.say.table(keyTable(keys))
	return nil
}
