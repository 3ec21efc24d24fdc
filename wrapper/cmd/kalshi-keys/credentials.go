package main

import (
	"cmp"

	"github.com/spf13/pflag"

	"kalshi.internal/apikeys/wrapper"
)

// credentialFlags say which API key to sign with. There is no flag for a private key's text,
// since every user of a machine can read the arguments of every process.
type credentialFlags struct {
	keyID          textFlag
	privateKeyFile textFlag
}

func (f *credentialFlags) register(flags *pflag.FlagSet) {
	flags.Var(&f.keyID, "key-id", "`ID` of the API key to sign with (or "+wrapper.EnvAPIKeyID+")")
	flags.Var(&f.privateKeyFile, "private-key-file",
		"`FILE` with its private key (or "+wrapper.EnvPrivateKeyPath+", or the PEM itself in "+wrapper.EnvPrivateKey+")")
}

// load returns the credentials that the flags name, and for what they leave open those of the
// environment.
func (f *credentialFlags) load(getenv func(string) string) (*wrapper.Credentials, error) {
	keyID := cmp.Or(string(f.keyID), getenv(wrapper.EnvAPIKeyID))
	path, pem := string(f.privateKeyFile), ""
	if path == "" {
		path, pem = getenv(wrapper.EnvPrivateKeyPath), getenv(wrapper.EnvPrivateKey)
	}
	switch {
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
