package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/lifecycle"
	"kalshi.internal/apikeys/wrapper/secret"
)

// cleanupTimeout bounds the deletion of a key that nobody holds (our own choice).
const cleanupTimeout = 30 * time.Second

// generatedKey is what generate shows as JSON. It has no private key.
type generatedKey struct {
	APIKeyID       string      `json:"api_key_id"`
	Name           string      `json:"name"`
	KeyType        gen.KeyType `json:"key_type"`
	PrivateKeyFile string      `json:"private_key_file"`
	Warning        string      `json:"warning,omitempty"`
}

func newGenerateCommand(s *settings) *cobra.Command {
	var (
		flags newKeyFlags
		out   pathFlag
	)
	command := &cobra.Command{
		Use:   "generate NAME {--out FILE | --store DIR}",
		Short: "Make an API key and keep its private key in a file or a store",
		Long: `Makes an API key whose pair the service makes, and writes the private key to FILE,
which must not exist yet and only you can read. The service shows a private key
once, and this program never prints it: FILE is the only copy. The pair is Ed25519
unless --type says rsa, which only the TypeScript SDK 3.30.0 needs.

Without --out the key goes into the store, and a tag is added to its name. There
it survives a crash and a lost answer. It is made with the store's current key.`,
		Args: takes("NAME"),
	}
	toFile := s.calling(func(ctx context.Context, client *wrapper.Client, args []string) error {
		key := flags.read(command)
		if key.keyType == nil {
			key.keyType = new(gen.KeyTypeEd25519)
		}
		made, err := s.generateInto(ctx, client, out.String(), gen.GenerateAPIKeyRequest{
			Name: args[0], KeyType: key.keyType, Scopes: key.scopes, Subaccount: key.subaccount, FCMSubtraderID: key.subtrader,
		})
		if err != nil {
			return err
		}
		done := fmt.Sprintf("API key %s is live and its private key is in %s", made.APIKeyID, made.PrivateKeyFile)
		return s.printDone(done, made, made.rows())
	})
	toStore := s.issuing(lifecycle.Generate, &flags, usage("it is not said where to keep the private key", "Give --out or --store"))
	command.RunE = func(command *cobra.Command, args []string) error {
		if out.String() != "" {
			return toFile(command, args)
		}
		return toStore(command, args)
	}
	command.Flags().Var(&out, "out", "`FILE` to make for the private key")
	flags.register(command, "`TYPE` of the pair: rsa or ed25519 (default ed25519)")
	s.registerService(command.Flags(), callTimeout)
	return command
}

func (k generatedKey) rows() [][]string {
	return withWarning([][]string{
		{"ID", k.APIKeyID}, {"NAME", k.Name}, {"TYPE", string(k.KeyType)}, {"PRIVATE KEY FILE", k.PrivateKeyFile},
	}, k.Warning)
}

// generateInto makes an API key and keeps its private key in the file at path. When it returns
// an error, key and file are gone unless the error says otherwise.
func (s *settings) generateInto(
	ctx context.Context, client *wrapper.Client, path string, request gen.GenerateAPIKeyRequest,
) (generatedKey, error) {
	file, err := s.createFor("--out", path)
	if err != nil {
		return generatedKey{}, err
	}
	made, err := client.GenerateAPIKey(ctx, request)
	if err != nil {
		if left := file.Discard(); left != nil {
			err = fmt.Errorf("%w (the empty file %s is still there: %w)", err, path, left)
		}
		return generatedKey{}, err
	}
	if err := file.Keep(keyText(made.PrivateKey)); err != nil {
		return generatedKey{}, orphan{made.APIKeyID, path, file, err}.delete(ctx, client)
	}
	return generatedKey{
		APIKeyID: made.APIKeyID, Name: request.Name, PrivateKeyFile: path,
		Warning: *cmp.Or(made.Warning, new(string)),
		KeyType: *cmp.Or(made.KeyType, request.KeyType, new(gen.KeyTypeRSA)),
	}, nil
}

// createFor makes the file for a private key that flag names. It is done before there is a key to
// put in: what can go wrong then goes wrong without harm.
func (s *settings) createFor(flag, path string) (newFile, error) {
	if path == "-" {
		return nil, usage("a private key is never printed", "Give "+flag+" the path of a file to make")
	}
	file, err := s.create(s.path(path))
	if err == nil {
		return file, nil
	}
	if errors.Is(err, fs.ErrExist) {
		return nil, usage(path+" exists already, and a private key may be in it; nothing was sent",
			"Give "+flag+" the path of a file that does not exist")
	}
	return nil, usage(fmt.Sprintf("%s cannot be made for the private key: %v; nothing was sent", path, withoutPath(err)),
		"Give "+flag+" a path in a directory that you may write to")
}

// keyText returns the text of a private key as files hold it.
func keyText(private secret.PEM) []byte {
	return []byte(strings.TrimRight(private.RevealPrivateKey(), "\n") + "\n")
}

// orphan is a key that is live and whose private key could not be kept.
type orphan struct {
	keyID, path string
	file        newFile
	cause       error
}

// delete deletes the key, also when ctx has ended. It returns an error that says which key it
// was and whether it is gone.
func (o orphan) delete(ctx context.Context, client *wrapper.Client) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
	defer cancel()
	lost := fmt.Sprintf("API key %s was made, but its private key could not be kept in %s (%v)", o.keyID, o.path, o.cause)
	err := client.DeleteAPIKey(ctx, o.keyID)
	if err == nil || errors.Is(err, wrapper.ErrNotFound) {
		_ = o.file.Discard() // whatever was written is of no use any more
		return &failure{
			code: exitFailure,
			text: lost + "; the key was deleted again, so none is left behind",
			hint: "Make room or choose another place for the file, then generate again",
		}
	}
	reason, _ := describe(err)
	return &failure{
		code: exitFailure,
		text: fmt.Sprintf("%s, and deleting it failed too (%s): KEY %s IS LIVE", lost, reason, o.keyID),
		hint: fmt.Sprintf("Unless %s turns out to hold the whole private key, delete the API key: kalshi-keys delete %s --yes",
			o.path, o.keyID),
	}
}
