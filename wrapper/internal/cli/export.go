package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/secret"
)

// exportMark is the first line of what export writes.
const exportMark = "# Written by kalshi-keys export. Source it in a shell. It does not follow a rotation.\n"

// exportedKey is what export shows as JSON.
type exportedKey struct {
	storedKey

	EnvFile        string `json:"env_file"`
	PrivateKeyFile string `json:"private_key_file"`
}

func (a app) newExportCommand() *cobra.Command {
	var (
		store  storeFlags
		output outputFlag
		env    pathFlag
	)
	command := &cobra.Command{
		Use:   "export --env FILE",
		Short: "Write the current key of a store to files, for other programs",
		Long: `Writes FILE, with export lines for KALSHI_API_KEY_ID, KALSHI_PRIVATE_KEY_PATH and
KALSHI_BASE_URL, and FILE.pem, with the private key of the store's current key.
Neither may exist yet, and only you can read them. A private key is never
printed. The files do not follow a rotation: a program that reads the store does.`,
		Args: takes(),
	}
	command.RunE = a.managing(&store, func(ctx context.Context, keys managed, _ []string) error {
		shown, err := a.export(ctx, keys, string(env))
		if err != nil {
			return err
		}
		return output.writeDone(a.stdout, "the key is in "+shown.EnvFile+" and "+shown.PrivateKeyFile, shown, shown.table())
	})
	command.Flags().Var(&env, "env", "`FILE` to make for the shell assignments")
	_ = command.MarkFlagRequired("env") // fails only for a flag that is not there
	store.register(command.Flags())
	output.register(command.Flags())
	return command
}

// export writes the current key to the files of path, both or none.
func (a app) export(ctx context.Context, keys managed, path string) (exportedKey, error) {
	if path == "-" {
		return exportedKey{}, usage("a private key is never printed", "Give --env the path of a file to make")
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return exportedKey{}, usage(err.Error(), "Give --env as an absolute path")
	}
	if _, err := keys.Recover(ctx); err != nil {
		return exportedKey{}, err
	}
	entry, err := keys.store.Current(ctx, keys.address)
	if err != nil {
		return exportedKey{}, err
	}
	// It also makes sure that the key is not revoked and its private half is here.
	if _, err := entry.Credentials(); err != nil {
		return exportedKey{}, err
	}
	files := envFiles{env: absolute, pem: absolute + ".pem"}
	assignments := exportMark +
		exportLine(wrapper.EnvAPIKeyID, entry.KeyID) +
		exportLine(wrapper.EnvPrivateKeyPath, files.pem) +
		exportLine(envBaseURL, entry.BaseURL)
	if err := a.writeNew(files, assignments, entry.PrivateKey); err != nil {
		return exportedKey{}, err
	}
	return exportedKey{shownKey(entry, true), files.env, files.pem}, nil
}

// writeNew writes two files that must not exist yet.
func (a app) writeNew(files envFiles, assignments string, private secret.PEM) error {
	env, err := a.reserve(files.env)
	if err != nil {
		return cannotExport(files.env, err)
	}
	pem, err := a.reserve(files.pem)
	if err != nil {
		return errors.Join(cannotExport(files.pem, err), env.discard())
	}
	// Of the two files the one that names the other is written last.
	err = pem.keep(private)
	if err == nil {
		err = env.keep(secret.NewPEM(assignments))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("writing %s and %s: %w", files.env, files.pem, err), pem.discard(), env.discard())
	}
	return nil
}

func cannotExport(path string, cause error) error {
	refused := unusableFile(path, cause)
	if own, ok := errors.AsType[*failure](refused); ok {
		own.hint = "Give --env the path of a file that does not exist, in a directory that you may write to"
	}
	return refused
}

func (k exportedKey) table() [][]string {
	return append(k.storedKey.table(), []string{"ENVIRONMENT FILE", k.EnvFile}, []string{"PRIVATE KEY FILE", k.PrivateKeyFile})
}
