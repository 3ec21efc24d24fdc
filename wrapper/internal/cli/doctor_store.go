package cli

import (
	"context"
	"errors"
	"slices"

	"kalshi.internal/apikeys/wrapper"
)

// doctorStore is the store whose current key signs, if one does.
type doctorStore struct {
	// dir is empty where the key is given itself.
	dir string
	// problem says why there is no key to examine.
	problem error
}

// readStore takes the current key out of the store that other commands would sign with.
func (e *examination) readStore(ctx context.Context) {
	s, flags := &e.settings, e.flags.service.credentials
	dir, err := flags.storeToSignWith(e.getenv)
	if dir == "" {
		s.store.problem = err
		return
	}
	// What the environment says of a key counts for nothing beside a store.
	s.keyID, s.path, s.pem = "", "", ""
	s.store.dir = dir
	s.keyIDFrom, s.privateFrom = "the store "+dir, "the store "+dir
	if flags.store == "" {
		s.overruled = nil
	} else {
		s.overruled = slices.DeleteFunc(keyVariables(), func(name string) bool { return e.getenv(name) == "" })
	}
	address, err := e.flags.service.address(e.getenv)
	if err == nil {
		err = usableBaseURL(address)
	}
	if err != nil {
		s.store.problem = errNoAddress
		return
	}
	entry, err := currentEntry(ctx, dir, address)
	if err == nil {
		s.keyID, s.pem = entry.KeyID, entry.PrivateKey.RevealPrivateKey()
		if entry.PrivateKey.IsEmpty() {
			err = usage("the private key of "+entry.KeyID+" is not in the store "+dir,
				"The doctor cannot sign with a key in an HSM or a KMS; give another one with --key-id and --private-key-file")
		}
	}
	s.store.problem = err
}

// errNoAddress stands for the finding of a later check.
var errNoAddress = errors.New("which key of the store is current depends on the base URL, which cannot be used")

func keyVariables() []string {
	return []string{wrapper.EnvAPIKeyID, wrapper.EnvPrivateKeyPath, wrapper.EnvPrivateKey}
}

// checkStore is the check of the variables where a store is used, or where it is not clear
// whether one is.
func (e *examination) checkStore() finding {
	s := &e.settings
	switch {
	case errors.Is(s.store.problem, errNoAddress):
		return unchecked(s.store.problem.Error())
	case s.store.problem != nil:
		text, advice := explain(s.store.problem)
		return problem(exitUsage, text, advice)
	case len(s.overruled) > 0:
		return warnOverruled(s.overruled)
	}
	return fine("key ID and private key of the key that is current in " + s.keyIDFrom)
}
