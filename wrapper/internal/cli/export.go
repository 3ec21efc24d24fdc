package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

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

func newExportCommand(s *settings) *cobra.Command {
	var env pathFlag
	command := &cobra.Command{
		Use:   "export --env FILE",
		Short: "Write the current key of a store to files, for other programs",
		Long: `Writes FILE, with export lines for KALSHI_API_KEY_ID, KALSHI_PRIVATE_KEY_PATH and
KALSHI_BASE_URL, and FILE.pem, with the private key of the store's current key.
Neither may exist yet, and only you can read them. A private key is never
printed. The files do not follow a rotation: a program that reads the store does.`,
		Args: takes(),
		RunE: s.managing(func(ctx context.Context, keys managed, _ []string) error {
			shown, err := s.export(ctx, keys, env.String())
			if err != nil {
				return err
			}
			return s.printDone("the key is in "+shown.EnvFile+" and "+shown.PrivateKeyFile, shown, append(shown.rows(),
				[]string{"ENVIRONMENT FILE", shown.EnvFile}, []string{"PRIVATE KEY FILE", shown.PrivateKeyFile}))
		}),
	}
	command.Flags().Var(&env, "env", "`FILE` to make for the shell assignments")
	_ = command.MarkFlagRequired("env") // fails only for a flag that does not exist
	s.registerManaged(command.Flags())
	return command
}

// export writes the current key to the files of path, both or none.
func (s *settings) export(ctx context.Context, keys managed, path string) (exportedKey, error) {
	if _, err := keys.Recover(ctx); err != nil {
		return exportedKey{}, err
	}
	entry, err := keys.store.Current(ctx, keys.baseURL)
	if err == nil {
		// It also makes sure that the key is not revoked and its private half is here.
		_, err = entry.Credentials()
	}
	if err != nil {
		return exportedKey{}, err
	}
	files, err := s.envFilesAt(path)
	if err != nil {
		return exportedKey{}, err
	}
	if err := s.writeNew(files, exportMark+files.assignments(entry.KeyID, entry.BaseURL), entry.PrivateKey); err != nil {
		return exportedKey{}, err
	}
	return exportedKey{shownKey(entry, true), files.env, files.pem}, nil
}

// writeNew writes two files that must not exist yet.
func (s *settings) writeNew(files envFiles, assignments string, private secret.PEM) error {
	env, err := s.createFor("--env", files.given)
	if err != nil {
		return err
	}
	pem, err := s.createFor("--env", files.given+".pem")
	if err != nil {
		return errors.Join(err, env.Discard())
	}
	// Of the two files the one that names the other is written last.
	err = pem.Keep(keyText(private))
	if err == nil {
		err = env.Keep([]byte(assignments))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("writing %s and %s: %w", files.env, files.pem, err), pem.Discard(), env.Discard())
	}
	return nil
}
