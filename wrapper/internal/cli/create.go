package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/lifecycle"
)

// maxPublicKeyBytes is our own choice: an RSA key of 16384 bits needs 3 KiB.
const maxPublicKeyBytes = 64 << 10

// createdKey is what create shows as JSON.
type createdKey struct {
	APIKeyID string `json:"api_key_id"`
	Name     string `json:"name"`
	Warning  string `json:"warning,omitempty"`
}

func newCreateCommand(s *settings) *cobra.Command {
	var (
		flags     newKeyFlags
		publicKey pathFlag
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
	fromFile := s.calling(func(ctx context.Context, client *wrapper.Client, args []string) error {
		pem, err := s.readPublicKey(publicKey.String())
		if err != nil {
			return err
		}
		key := flags.read(command)
		made, err := client.CreateAPIKey(ctx, gen.CreateAPIKeyRequest{
			Name: args[0], PublicKey: pem, Scopes: key.scopes, Subaccount: key.subaccount, FCMSubtraderID: key.subtrader,
		})
		if err != nil {
			return err
		}
		shown := createdKey{made.APIKeyID, args[0], *cmp.Or(made.Warning, new(string))}
		return s.printDone("API key "+made.APIKeyID+" is live", shown,
			withWarning([][]string{{"ID", shown.APIKeyID}, {"NAME", shown.Name}}, shown.Warning))
	})
	toStore := s.issuing(lifecycle.Create, &flags,
		usage("no public key is given", "Give --public-key, or --store to have the pair made and kept there"))
	command.RunE = func(command *cobra.Command, args []string) error {
		switch {
		case publicKey.String() == "":
			return toStore(command, args)
		case flags.keyType.value != "":
			return usage("--type is for a pair that is made here, and --public-key gives one", "Give one of them")
		}
		return fromFile(command, args)
	}
	command.Flags().Var(&publicKey, "public-key", "`FILE` with the public key, PEM SPKI, RSA or Ed25519; - for standard input")
	flags.register(command, "`TYPE` of the pair to make for the store: rsa or ed25519 (default ed25519)")
	s.registerService(command.Flags(), callTimeout)
	return command
}

// readPublicKey returns the public key in a file as clean PEM. Any other text it returns as it is: the
// client refuses it by name.
func (s *settings) readPublicKey(path string) (string, error) {
	text, err := s.readLimited(path, maxPublicKeyBytes+1)
	switch {
	case err != nil:
		return "", usage(fmt.Sprintf("the public key file %s cannot be read: %v", path, withoutPath(err)), "Check the path given as --public-key")
	case len(text) > maxPublicKeyBytes:
		return "", usage(fmt.Sprintf("the public key file %s has more than 64 KiB, so it is not a public key", path), "")
	}
	if report, err := wrapper.InspectPublicKey(text); err == nil && len(report.Repairs) > 0 {
		s.say("note", "the public key in "+withoutKeys(path)+" was repaired: "+strings.Join(report.Repairs, "; "))
		return report.PEM, nil
	}
	return string(text), nil
}

// readLimited reads up to limit bytes of a file, or of standard input if path is "-".
func (s *settings) readLimited(path string, limit int64) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(io.LimitReader(s.stdin, limit))
	}
	file, err := os.Open(s.path(path))
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	return io.ReadAll(io.LimitReader(file, limit))
}
