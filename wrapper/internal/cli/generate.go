package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/spf13/cobra"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/lifecycle"
)

// cleanupTimeout bounds the deletion of a key that nobody holds (our own choice).
const cleanupTimeout = 30 * time.Second

// generatedKey is what generate shows as JSON. It has no private key.
type generatedKey struct {
	APIKeyID       string      `json:"api_key_id"`
	Name           string      `json:"name"`
	KeyType        gen.KeyType `json:"key_type"`
	PrivateKeyFile string      `json:"private_key_file"`
	Warning        *string     `json:"warning,omitempty"`
}

func (a app) newGenerateCommand() *cobra.Command {
	var (
		service serviceFlags
		output  outputFlag
		grants  grantFlags
		out     pathFlag
		keyType choiceFlag
	)
	command := &cobra.Command{
		Use:   "generate NAME {--out FILE | --store DIR}",
		Short: "Make an API key and keep its private key in a file or a store",
		Long: `Makes an API key whose pair the service makes, and writes the private key to FILE,
which must not exist yet and only you can read. The service shows a private key
once, and this program never prints it: FILE is the only copy.

Without --out the key goes into the store, and a tag is added to its name. There
it survives a crash and a lost answer. It is made with the store's current key.`,
		Args: takes("NAME"),
	}
	toFile := a.calling(&service, func(ctx context.Context, client *wrapper.Client, args []string) error {
		grant := grants.grant(command)
		request := gen.GenerateAPIKeyRequest{
			Name: args[0], Scopes: grant.scopes, Subaccount: grant.subaccount, FCMSubtraderID: grant.subtrader,
		}
		if keyType.value != "" {
			request.KeyType = new(gen.KeyType(keyType.value))
		}
		made, err := a.generateInto(ctx, client, request, string(out))
		if err != nil {
			return err
		}
		done := fmt.Sprintf("API key %s is live and its private key is in %s", made.APIKeyID, out)
		return output.writeDone(a.stdout, done, made, made.table())
	})
	command.RunE = func(command *cobra.Command, args []string) error {
		if out != "" {
			return toFile(command, args)
		}
		without := usage("it is not said where to keep the private key", "Give --out or --store")
		request := lifecycle.IssueRequest{Name: args[0], Way: lifecycle.Generate, Type: gen.KeyType(keyType.value)}
		return a.issueInto(command, &service, &output, grants.grant(command), request, without)
	}
	keyType.choices = keyTypes()
	command.Flags().Var(&out, "out", "`FILE` to make for the private key")
	command.Flags().Var(&keyType, "type", "`TYPE` of the pair: rsa or ed25519 (default rsa)")
	grants.register(command)
	service.register(command.Flags())
	output.register(command.Flags())
	return command
}

func (k generatedKey) table() [][]string {
	rows := [][]string{
		{"ID", k.APIKeyID}, {"NAME", k.Name}, {"TYPE", string(k.KeyType)}, {"PRIVATE KEY FILE", k.PrivateKeyFile},
	}
	if k.Warning != nil {
		rows = append(rows, []string{"WARNING", *k.Warning})
	}
	return rows
}

// generateInto makes an API key and keeps its private key in the file at path. When it returns
// an error, key and file are gone unless the error says otherwise.
func (a app) generateInto(
	ctx context.Context, client *wrapper.Client, request gen.GenerateAPIKeyRequest, path string,
) (generatedKey, error) {
	if path == "-" {
		return generatedKey{}, usage("a private key is never printed", "Give --out the path of a file to make")
	}
	file, err := a.reserve(path)
	if err != nil {
		return generatedKey{}, unusableFile(path, err)
	}
	made, err := client.GenerateAPIKey(ctx, request)
	if err != nil {
		if left := file.discard(); left != nil {
			err = fmt.Errorf("%w (the empty file %s is still there: %w)", err, path, left)
		}
		return generatedKey{}, err
	}
	if err := file.keep(made.PrivateKey); err != nil {
		orphan := orphan{keyID: made.APIKeyID, path: path, file: file, cause: err}
		return generatedKey{}, orphan.delete(ctx, client)
	}
	return generatedKey{
		APIKeyID: made.APIKeyID, Name: request.Name, PrivateKeyFile: path, Warning: made.Warning,
		KeyType: *cmp.Or(made.KeyType, request.KeyType, new(gen.KeyTypeRSA)),
	}, nil
}

func unusableFile(path string, cause error) error {
	if errors.Is(cause, fs.ErrExist) {
		return usage(fmt.Sprintf("%s exists already, and a private key may be in it; nothing was sent", path),
			"Give --out the path of a file that does not exist")
	}
	if inner, ok := errors.AsType[*fs.PathError](cause); ok {
		cause = inner.Err
	}
	return usage(fmt.Sprintf("%s cannot be made for the private key: %v; nothing was sent", path, cause),
		"Give --out a path in a directory that you may write to")
}

// orphan is a key that is live and whose private key could not be kept.
type orphan struct {
	keyID, path string
	file        keyFile
	cause       error
}

// delete deletes the key, also when ctx has ended. It returns an error that says which key it
// was and what became of it.
func (o orphan) delete(ctx context.Context, client *wrapper.Client) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
	defer cancel()
	lost := fmt.Sprintf("API key %s was made, but its private key could not be kept in %s (%v)", o.keyID, o.path, o.cause)
	err := client.DeleteAPIKey(ctx, o.keyID)
	if err == nil || errors.Is(err, wrapper.ErrNotFound) {
		_ = o.file.discard() // whatever was written is of no use any more
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
