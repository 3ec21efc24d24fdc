package cli

import (
	"cmp"
	"context"
	"net/url"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// credentials returns those that the flags name, and for what they leave open those of the
// environment. With a store, the service at base decides which key of it that is.
func (s *settings) credentials(ctx context.Context, base *url.URL) (*wrapper.Credentials, error) {
	dir, err := s.storeToSignWith()
	if err != nil {
		return nil, err
	}
	if dir != "" {
		return s.currentCredentials(ctx, dir, base)
	}
	keyID := s.getenv(wrapper.EnvAPIKeyID)
	// What cannot be cleaned is no key ID, and refused as such.
	if cleaned, err := protocol.CleanSetting(keyID, s.getenv); err == nil && cleaned != "" {
		keyID = cleaned
	}
	keyID = cmp.Or(string(s.keyID), keyID)
	path, pem := s.keyFile.String(), ""
	if path == "" {
		pem = s.getenv(wrapper.EnvPrivateKey)
		path, err = s.pathFrom(wrapper.EnvPrivateKeyPath)
	}
	switch {
	case err != nil:
		return nil, err
	case keyID == "":
		return nil, usage("no API key ID is given", "Give --key-id or set "+wrapper.EnvAPIKeyID)
	case path != "" && pem != "":
		return nil, usage(wrapper.EnvPrivateKeyPath+" and "+wrapper.EnvPrivateKey+" are both set", "Unset one of them")
	case path != "":
		return wrapper.LoadCredentials(keyID, s.path(path))
	case pem != "":
		return wrapper.NewCredentials(keyID, []byte(pem))
	}
	return nil, usage("no private key is given",
		"Give --private-key-file, or set "+wrapper.EnvPrivateKeyPath+" or "+wrapper.EnvPrivateKey)
}

// storeToSignWith returns the directory or URL of the store whose current key signs, "" if the
// credentials are given themselves. Flags win over the environment; on the same level the two
// contradict each other.
func (s *settings) storeToSignWith() (string, error) {
	dir, keyIsFlagged := s.store.String(), s.keyID != "" || s.keyFile.String() != ""
	switch {
	case dir != "" && keyIsFlagged:
		return "", usage("--store excludes --key-id and --private-key-file", "Give the store or the key, not both")
	case dir != "" || keyIsFlagged:
		return dir, nil
	}
	dir, err := s.addressFrom(envStore)
	if dir == "" {
		return "", err
	}
	for _, name := range keyVariables() {
		if s.getenv(name) != "" {
			return "", usage(envStore+" and "+name+" are both set", "Unset one of them, or give --store")
		}
	}
	return dir, nil
}

func keyVariables() []string {
	return []string{wrapper.EnvAPIKeyID, wrapper.EnvPrivateKeyPath, wrapper.EnvPrivateKey}
}
