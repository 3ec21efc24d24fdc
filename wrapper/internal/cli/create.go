package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/lifecycle"
)

// maxPublicKeyBytes is our own choice: an RSA key of 16384 bits needs 3 KiB.
const maxPublicKeyBytes = 64 << 10

// createdKey is what create shows as JSON.
type createdKey struct {
	APIKeyID string  `json:"api_key_id"`
	Name     string  `json:"name"`
	Warning  *string `json:"warning,omitempty"`
}

func (a app) newCreateCommand() *cobra.Command {
	var (
		service   serviceFlags
		output    outputFlag
		grants    grantFlags
		publicKey pathFlag
		keyType   choiceFlag
	)
	command := &cobra.Command{
		Use:   "create NAME {--public-key FILE | --store DIR}",
		Short: "Make an API key from a public key of your own",
		Long: `Makes an API key from a public key of your own, so that the private key never
leaves your hands. For accounts on the Premier or Market Maker usage level;
generate works on every level.

Make a pair like this:
  (umask 077 && openssl genpkey -algorithm ed25519 -out key.pem)
  openssl pkey -in key.pem -pubout -out key.pub

Without --public-key the pair is made here and goes into the store, and a tag is
added to the key's name. The request is made with the store's current key.`,
		Args: takes("NAME"),
	}
	fromFile := a.calling(&service, func(ctx context.Context, client *wrapper.Client, args []string) error {
		pem, err := a.readPublicKey(string(publicKey))
		if err != nil {
			return err
		}
		grant := grants.grant(command)
		made, err := client.CreateAPIKey(ctx, gen.CreateAPIKeyRequest{
			Name: args[0], PublicKey: pem,
			Scopes: grant.scopes, Subaccount: grant.subaccount, FCMSubtraderID: grant.subtrader,
		})
		if err != nil {
			return err
		}
		shown := createdKey{made.APIKeyID, args[0], made.Warning}
		return output.writeDone(a.stdout, "API key "+made.APIKeyID+" is live", shown, shown.table())
	})
	command.RunE = func(command *cobra.Command, args []string) error {
		switch {
		case publicKey != "" && keyType.value != "":
			return usage("--type is for a pair that is made here, and --public-key gives one", "Give one of them")
		case publicKey != "":
			return fromFile(command, args)
		}
		without := usage("no public key is given", "Give --public-key, or --store to have the pair made and kept there")
		request := lifecycle.IssueRequest{Name: args[0], Way: lifecycle.Create, Type: gen.KeyType(keyType.value)}
		return a.issueInto(command, &service, &output, grants.grant(command), request, without)
	}
	keyType.choices = keyTypes()
	command.Flags().Var(&publicKey, "public-key", "`FILE` with the public key, PEM SPKI, RSA or Ed25519; - for standard input")
	command.Flags().Var(&keyType, "type", "`TYPE` of the pair to make for the store: rsa or ed25519 (default rsa)")
	grants.register(command)
	service.register(command.Flags())
	output.register(command.Flags())
	return command
}

func (k createdKey) table() [][]string {
	rows := [][]string{{"ID", k.APIKeyID}, {"NAME", k.Name}}
	if k.Warning != nil {
		rows = append(rows, []string{"WARNING", *k.Warning})
	}
	return rows
}

// readPublicKey returns the text of a file, without looking at what it is: the client refuses
// everything but a public key.
func (a app) readPublicKey(path string) (string, error) {
	source := a.stdin
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return "", unreadablePublicKey(path, err)
		}
		defer func() { _ = file.Close() }()
		source = file
	}
	text, err := io.ReadAll(io.LimitReader(source, maxPublicKeyBytes+1))
	if err != nil {
		return "", unreadablePublicKey(path, err)
	}
	if len(text) > maxPublicKeyBytes {
		return "", usage(fmt.Sprintf("the public key file %s has more than 64 KiB, so it is no public key", path), "")
	}
	return string(text), nil
}

func unreadablePublicKey(path string, cause error) error {
	if inner, ok := errors.AsType[*fs.PathError](cause); ok {
		cause = inner.Err
	}
	return usage(fmt.Sprintf("the public key file %s cannot be read: %v", path, cause), "Check the path given as --public-key")
}
