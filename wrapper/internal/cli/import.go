package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/internal/shell"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/lifecycle"
	"kalshi.internal/apikeys/wrapper/secret"
)

func newImportCommand(s *settings) *cobra.Command {
	var use bool
	command := &cobra.Command{
		Use:   "import KEY-ID [FILE]",
		Short: "Bring an existing key into a store, or back into use",
		Long: `Has an existing key sign a request, and puts it into the store if the service
accepts that. FILE holds its private key; it is left as it is. The first key of a
service becomes current. A missing store is made, by no other command.

Without FILE the key is one that the store holds. It is proven in the same way and
becomes current: the way back after the note of which key is current was lost.

The output says where the store is.`,
		Args: takesKeyAndFile,
	}
	bring := func(ctx context.Context, keys managed, args []string) error {
		request, err := s.importRequest(ctx, keys, args)
		if err != nil {
			return err
		}
		request.Use = request.Use || use
		entry, err := keys.Import(ctx, request)
		if err != nil {
			return err
		}
		return s.showImported(ctx, keys, entry)
	}
	command.RunE = func(command *cobra.Command, args []string) error {
		open := s.openStore
		if len(args) == 2 {
			open = s.makeStore
		}
		return s.managingIn(open, bring)(command, args)
	}
	command.Flags().BoolVar(&use, "use", false, "make it the current key of the store")
	s.registerManaged(command.Flags())
	return command
}

// importedKey is what import shows as JSON.
type importedKey struct {
	storedKey

	// Store is the absolute path of the store's directory, or its URL without a password.
	Store string `json:"store"`
}

// showImported shows where the store is: a private key lies there now, and a path that was not meant
// would hide it.
func (s *settings) showImported(ctx context.Context, keys managed, entry keystore.Entry) error {
	shown, err := s.shownIn(ctx, keys, entry)
	if err != nil {
		return err
	}
	dir := keys.store.place
	if keys.store.engine == nil {
		if dir, err = filepath.Abs(s.path(dir)); err != nil {
			return err
		}
	}
	return s.printDone("API key "+entry.KeyID+" is in the store "+dir, importedKey{shown, dir},
		append(shown.rows(), []string{"STORE", dir}))
}

func takesKeyAndFile(command *cobra.Command, args []string) error {
	if len(args) == 1 {
		return takes("KEY-ID")(command, args)
	}
	if err := takes("KEY-ID", "FILE")(command, args); err != nil {
		return err
	}
	path, err := cleanPath(args[1], os.Getenv)
	args[1] = path
	return err
}

// importRequest describes the key with the ID args[0], whose private key is in the file args[1]
// or else in the store.
func (s *settings) importRequest(ctx context.Context, keys managed, args []string) (lifecycle.ImportRequest, error) {
	if len(args) == 2 {
		private, err := privateKeyOf(args[0], s.path(args[1]))
		return lifecycle.ImportRequest{KeyID: args[0], PrivateKey: private}, err
	}
	entry, err := keys.store.Get(ctx, args[0])
	if errors.Is(err, keystore.ErrNotFound) {
		return lifecycle.ImportRequest{}, usage("the store does not hold key "+args[0],
			"Give the file with its private key too: kalshi-keys import KEY-ID FILE")
	}
	if err == nil {
		// The private key of a revoked entry is erased, and one that lives in an HSM was never here.
		_, err = entry.Credentials()
	}
	if err != nil {
		return lifecycle.ImportRequest{}, err
	}
	if entry.BaseURL != keys.baseURL {
		return lifecycle.ImportRequest{}, usage(fmt.Sprintf("key %s of the store is one of %s", entry.KeyID, entry.BaseURL),
			"Give --base-url "+shell.Word(entry.BaseURL))
	}
	return lifecycle.ImportRequest{KeyID: entry.KeyID, PrivateKey: entry.PrivateKey, Use: true}, nil
}

// privateKeyOf returns the private key in the file at path, which only its owner can use, in one
// form whatever the file's.
func privateKeyOf(keyID, path string) (secret.PEM, error) {
	credentials, err := wrapper.LoadCredentials(keyID, path)
	if err != nil {
		return secret.PEM{}, err
	}
	return keystore.PrivateKeyPEM(credentials.Signer())
}
