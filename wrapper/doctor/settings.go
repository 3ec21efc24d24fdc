package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// setting is a value and where it came from.
type setting struct{ value, from string }

const keyFileFlag = "--private-key-file"

func (e *examination) readSettings() {
	e.base, e.baseErr = protocol.ParseBaseURL(e.BaseURL)
	e.keyID = e.choose("--key-id", e.KeyID, wrapper.EnvAPIKeyID, e.KeyID != "")
	e.path = e.choose(keyFileFlag, e.PrivateKeyFile, wrapper.EnvPrivateKeyPath, e.PrivateKeyFile != "")
	e.pem = e.choose(keyFileFlag, "", wrapper.EnvPrivateKey, e.PrivateKeyFile != "")
	if id, err := protocol.CleanSetting(e.keyID.value, e.Getenv); err == nil && id != strings.TrimSpace(e.keyID.value) {
		e.trimmed = append(e.trimmed, e.keyID.from)
		e.keyID.value = id
	}
	// What cannot be cleaned stays as it is: the library refuses it and says why.
	if path, err := protocol.CleanPath(e.path.value, e.Getenv); err == nil && path != e.path.value {
		e.trimmed = append(e.trimmed, e.path.from)
		e.path.value = path
	}
}

// choose returns what a flag gives, or else the value of a variable. No variable counts beside a
// store.
func (e *examination) choose(flag, given, variable string, isFlagged bool) setting {
	value := e.Getenv(variable)
	if !isFlagged && e.CurrentKey == nil {
		return setting{value, variable}
	}
	if value != "" && value != given {
		e.overruled = append(e.overruled, variable)
	}
	return setting{given, flag}
}

func (e *examination) checkVariables(ctx context.Context) Check {
	if e.CurrentKey != nil && e.baseErr != nil {
		return unchecked("which key of the store is current depends on the base URL, which cannot be used")
	}
	source, err := e.findKey(ctx)
	if err != nil {
		return unusable(explain(err))
	}
	if len(e.overruled) > 0 {
		return warning("a flag wins over "+strings.Join(e.overruled, " and "),
			"Leave the flag out, or unset the variable, so that every program uses the same key")
	}
	if len(e.trimmed) > 0 {
		return warning(source+", after blanks or quotes around "+strings.Join(e.trimmed, " and ")+" were removed",
			"Set it without them: other programs take them as a part of it")
	}
	return fine(source)
}

// findKey says where the key comes from, or why there is none.
func (e *examination) findKey(ctx context.Context) (source string, err error) {
	from := e.pem.from
	switch {
	case e.CurrentKey != nil:
		return "key ID and private key of the key that is current in the store " + e.Store, e.readStore(ctx)
	case e.path.value != "" && e.pem.value != "":
		return "", &AdvisedError{wrapper.EnvPrivateKeyPath + " and " + wrapper.EnvPrivateKey + " are both set",
			"Keep one of them: unset " + wrapper.EnvPrivateKey}
	case e.path.value != "":
		from = e.path.from
	}
	return "key ID from " + e.keyID.from + ", private key from " + from, e.isComplete()
}

// readStore takes the key that is current in the store.
func (e *examination) readStore(ctx context.Context) error {
	entry, err := e.CurrentKey(ctx, e.base)
	if err != nil {
		return err
	}
	from := "the store " + e.Store
	e.keyID, e.pem = setting{entry.KeyID, from}, setting{entry.PrivateKey.RevealPrivateKey(), from}
	if entry.PrivateKey.IsEmpty() {
		return &AdvisedError{"the private key of " + entry.KeyID + " is not in " + from,
			"The doctor cannot sign with a key in an HSM or a KMS; give another one with --key-id and " + keyFileFlag}
	}
	return nil
}

// isComplete returns which settings are missing.
func (e *examination) isComplete() error {
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
	// Names that look as if they were meant for this library (our own guesses).
	for _, name := range []string{
		"KALSHI_KEY_ID", "KALSHI_API_KEY", "KALSHI_ACCESS_KEY", "KALSHI_ACCESS_KEY_ID",
		"KALSHI_PRIVATE_KEY_FILE", "KALSHI_PRIVATE_KEY_PEM", "KALSHI_KEY_PATH",
	} {
		if e.Getenv(name) != "" {
			advice = append(advice, name+" is set, but nothing here reads it")
		}
	}
	return &AdvisedError{strings.Join(missing, " and ") + " not set", strings.Join(advice, ". ")}
}

// checkKeyID shows the key ID only if it is a UUID: anything else may have been pasted by mistake.
func (e *examination) checkKeyID(context.Context) Check {
	id := strings.TrimSpace(e.keyID.value)
	if id == "" {
		return unchecked("no key ID is given")
	}
	// The library looks at the key ID before the private key, which is missing.
	_, err := wrapper.NewCredentials(id, nil)
	if refused, ok := errors.AsType[*wrapper.CredentialsError](err); ok && refused.Problem == wrapper.ProblemKeyID {
		return unusable(e.keyID.from+" holds characters that no key ID has", keyIDAdvice(id))
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
