package cli

import (
	"cmp"
	"context"

	"github.com/spf13/pflag"

	"kalshi.internal/apikeys/wrapper"
)

// credentialFlags say which API key to sign with. There is no flag for a private key's text,
// since every user of a machine can read the arguments of every process.
type credentialFlags struct {
	keyID          textFlag
	privateKeyFile pathFlag
	// store is the store whose current key signs. Not every command registers the flag.
	store pathFlag
}

func (f *credentialFlags) register(flags *pflag.FlagSet) {
	flags.Var(&f.keyID, "key-id", "`ID` of the API key to sign with (or "+wrapper.EnvAPIKeyID+")")
	flags.Var(&f.privateKeyFile, "private-key-file",
		"`FILE` with its private key (or "+wrapper.EnvPrivateKeyPath+", or the PEM itself in "+wrapper.EnvPrivateKey+")")
}

// load returns the credentials that the flags name, and for what they leave open those of the
// environment. The service at address decides which key of a store that is.
func (f *credentialFlags) load(ctx context.Context, getenv func(string) string, address string) (*wrapper.Credentials, error) {
	dir, err := f.storeToSignWith(getenv)
	if err != nil {
		return nil, err
	}
	if dir != "" {
		return currentCredentials(ctx, dir, address)
	}
	keyID := cmp.Or(string(f.keyID), getenv(wrapper.EnvAPIKeyID))
	path, pem := string(f.privateKeyFile), ""
	if path == "" {
		pem = getenv(wrapper.EnvPrivateKey)
		path, err = pathFrom(getenv, wrapper.EnvPrivateKeyPath)
	}
	switch {
	case err != nil:
		return nil, err
	case keyID == "":
		return nil, usage("no API key ID is given", "Give --key-id or set "+wrapper.EnvAPIKeyID)
	case path != "" && pem != "":
		return nil, usage(wrapper.EnvPrivateKeyPath+" and "+wrapper.EnvPrivateKey+" are both set", "Unset one of them")
	case path != "":
		return wrapper.LoadCredentials(keyID, path)
	case pem != "":
		return wrapper.NewCredentials(keyID, []byte(pem))
	}
	return nil, usage("no private key is given",
		"Give --private-key-file, or set "+wrapper.EnvPrivateKeyPath+" or "+wrapper.EnvPrivateKey)
}

// storeToSignWith returns the directory of the store whose current key signs, "" if the
// credentials are given themselves. Flags win over the environment; on the same level the two
// contradict each other.
func (f *credentialFlags) storeToSignWith(getenv func(string) string) (string, error) {
	flagged := f.keyID != "" || f.privateKeyFile != ""
	switch {
	case f.store != "" && flagged:
		return "", usage("--store excludes --key-id and --private-key-file", "Give the store or the key, not both")
	case f.store != "":
		return string(f.store), nil
	case flagged:
		return "", nil
	}
	dir, err := pathFrom(getenv, envStore)
	if err != nil {
		return "", err
	}
	for _, name := range keyVariables() {
		if dir != "" && getenv(name) != "" {
			return "", usage(envStore+" and "+name+" are both set", "Unset one of them, or give --store")
		}
	}
	return dir, nil
}

func keyVariables() []string {
	return []string{wrapper.EnvAPIKeyID, wrapper.EnvPrivateKeyPath, wrapper.EnvPrivateKey}
}
