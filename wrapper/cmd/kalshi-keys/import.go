package main

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"

	"github.com/spf13/cobra"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/lifecycle"
	"kalshi.internal/apikeys/wrapper/secret"
)

func (a app) newImportCommand() *cobra.Command {
	var (
		store  storeFlags
		output outputFlag
		use    bool
	)
	command := &cobra.Command{
		Use:   "import KEY-ID FILE",
		Short: "Bring an existing key into a store",
		Long: `Has an existing key sign a request, and puts it into the store if the service
accepts that. FILE holds its private key; it is left as it is. The first key of a
service becomes current. A store that is not there is made.`,
		Args: takes("KEY-ID", "FILE"),
	}
	command.RunE = a.managing(&store, func(ctx context.Context, keys managed, args []string) error {
		private, err := privateKeyOf(args[0], args[1])
		if err != nil {
			return err
		}
		entry, err := keys.Import(ctx, lifecycle.ImportRequest{KeyID: args[0], PrivateKey: private, Use: use})
		if err != nil {
			return err
		}
		shown, err := keys.show(ctx, entry)
		if err != nil {
			return err
		}
		return output.write(a.stdout, shown, shown.table())
	})
	command.Flags().BoolVar(&use, "use", false, "make it the current key of the store")
	store.register(command.Flags())
	output.register(command.Flags())
	return command
}

// privateKeyOf returns the private key in the file at path, which only its owner can use, in one
// form whatever the file's.
func privateKeyOf(keyID, path string) (secret.PEM, error) {
	credentials, err := wrapper.LoadCredentials(keyID, path)
	if err != nil {
		return secret.PEM{}, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(credentials.Signer())
	if err != nil {
		return secret.PEM{}, fmt.Errorf("the private key of %s cannot be stored: %w", credentials.KeyID(), err)
	}
	return secret.NewPEM(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))), nil
}
