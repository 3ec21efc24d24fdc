package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// setting is a value and where it came from.
type setting struct{ value, from string }

const keyFileFlag = "--private-key-file"

func (e *examination) readSettings() {
	e.base, e.baseErr = protocol.ParseBaseURL(e.BaseURL)
	if e.CurrentKey != nil {
		e.overruled = slices.DeleteFunc([]string{wrapper.EnvAPIKeyID, wrapper.EnvPrivateKeyPath, wrapper.EnvPrivateKey},
			func(variable string) bool { return e.Getenv(variable) == "" })
		return
	}
	e.keyID = e.choose("--key-id", e.KeyID, wrapper.EnvAPIKeyID)
	e.path = e.choose(keyFileFlag, e.PrivateKeyFile, wrapper.EnvPrivateKeyPath)
	e.pem = setting{e.Getenv(wrapper.EnvPrivateKey), wrapper.EnvPrivateKey}
	if e.PrivateKeyFile != "" && e.pem.value != "" {
		e.overruled = append(e.overruled, wrapper.EnvPrivateKey)
		e.pem = setting{}
	}
}

// choose returns the value of a flag, or else that of a variable.
func (e *examination) choose(flag, given, variable string) setting {
	value := e.Getenv(variable)
	if given == "" {
		return setting{value, variable}
	}
	if value != "" && value != given {
		e.overruled = append(e.overruled, variable)
	}
	return setting{given, flag}
}

func (e *examination) checkVariables(ctx context.Context) Check {
	source := ""
	if e.CurrentKey != nil {
		switch err := e.readStore(ctx); {
		case e.baseErr != nil:
			return unchecked("which key of the store is current depends on the base URL, which cannot be used")
		case err != nil:
			return refused(err)
		}
		source = "key ID and private key of the key that is current in " + e.pem.from
	} else {
		if err := e.isComplete(); err != nil {
			return refused(err)
		}
		source = "key ID from " + e.keyID.from + ", private key from " + e.privateKeySource()
	}
	if len(e.overruled) > 0 {
		return warning("a flag wins over "+strings.Join(e.overruled, " and "),
			"Leave the flag out, or unset the variable, so that every program uses the same key")
	}
	return fine(source)
}

// readStore takes the key that is current in the store.
func (e *examination) readStore(ctx context.Context) error {
	if e.baseErr != nil {
		return e.baseErr
	}
	entry, err := e.CurrentKey(ctx, e.base)
	if err != nil {
		return err
	}
	from := "the store " + e.Store
	e.keyID = setting{entry.KeyID, from}
	e.pem = setting{entry.PrivateKey.RevealPrivateKey(), from}
	if entry.PrivateKey.IsEmpty() {
		return &AdvisedError{"the private key of " + entry.KeyID + " is not in " + from,
			"The doctor cannot sign with a key in an HSM or a KMS; give another one with --key-id and " + keyFileFlag}
	}
	return nil
}

func (e *examination) privateKeySource() string {
	if e.path.value != "" {
		return e.path.from
	}
	return e.pem.from
}

// isComplete returns which settings are missing or contradict each other.
func (e *examination) isComplete() error {
	if e.path.value != "" && e.pem.value != "" {
		return &AdvisedError{wrapper.EnvPrivateKeyPath + " and " + wrapper.EnvPrivateKey + " are both set",
			"Keep one of them: unset " + wrapper.EnvPrivateKey}
	}
	var missing, advice []string
	if e.keyID.value == "" {
		missing = append(missing, wrapper.EnvAPIKeyID)
		advice = append(advice, "Set "+wrapper.EnvAPIKeyID+" to the ID of the API key, or give --key-id")
	}
	if e.path.value == "" && e.pem.value == "" {
		missing = append(missing, wrapper.EnvPrivateKeyPath)
		advice = append(advice, "Set "+wrapper.EnvPrivateKeyPath+" to the path of the private key's file, or "+
			wrapper.EnvPrivateKey+" to the private key itself, as PEM, or give "+keyFileFlag)
	}
	if missing == nil {
		return nil
	}
	advice = append(advice, "If the key is in a store, give --store instead")
	if misnamed := e.misnamed(); misnamed != "" {
		advice = append(advice, misnamed+" is set, but nothing here reads it")
	}
	return &AdvisedError{strings.Join(missing, " and ") + " not set", strings.Join(advice, ". ")}
}

// misnamed returns the first variable whose name looks as if it were meant for this library (our
// own guesses).
func (e *examination) misnamed() string {
	for _, name := range []string{
		"KALSHI_KEY_ID", "KALSHI_API_KEY", "KALSHI_ACCESS_KEY", "KALSHI_ACCESS_KEY_ID",
		"KALSHI_PRIVATE_KEY_FILE", "KALSHI_PRIVATE_KEY_PEM", "KALSHI_KEY_PATH",
	} {
		if e.Getenv(name) != "" {
			return name
		}
	}
	return ""
}

// checkKeyID shows the key ID only if it is a UUID: anything else may have been pasted by mistake.
func (e *examination) checkKeyID(context.Context) Check {
	id := strings.TrimSpace(e.keyID.value)
	if id == "" {
		return unchecked("no key ID is given")
	}
	// The library looks at the key ID before the private key.
	if _, err := wrapper.NewCredentials(id, nil); problemOf(err) == wrapper.ProblemKeyID {
		return problem(ErrSettings, e.keyID.from+" holds characters that no key ID has", keyIDAdvice(id))
	}
	e.usableID = id
	switch {
	case !protocol.IsKeyID(id):
		return warning(fmt.Sprintf("%s is not a UUID, but every known key ID is one (it has %d characters, a UUID has 36)",
			e.keyID.from, len(id)), keyIDAdvice(id))
	case id != e.keyID.value:
		return warning(id+", after white space around it was removed",
			"Remove the white space from "+e.keyID.from+": other programs send it along")
	}
	return fine(id)
}

func keyIDAdvice(id string) string {
	const length = 36
	for i := range max(0, len(id)-length+1) {
		if inner := id[i : i+length]; protocol.IsKeyID(inner) {
			return "Set it to " + inner + " alone, without quotes, brackets or spaces"
		}
	}
	return "Copy the ID again from the list of API keys, with nothing around it; it is not the key's name, nor the private key"
}
