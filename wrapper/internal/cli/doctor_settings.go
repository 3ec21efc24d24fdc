package cli

import (
	"cmp"
	"context"
	"crypto"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"kalshi.internal/apikeys/wrapper"
)

// doctorSettings are the values that doctor works with, and where they came from.
type doctorSettings struct {
	keyID, keyIDFrom string
	path, pem        string
	privateFrom      string
	// overruled names the variables that a flag wins over with another value.
	overruled []string
	store     doctorStore

	// usableID and signer are set once a check has found the values good.
	usableID string
	signer   crypto.Signer
	modeErr  error
}

func (s *doctorSettings) read(flags credentialFlags, getenv func(string) string) {
	s.keyID, s.keyIDFrom = string(flags.keyID), "--key-id"
	if s.keyID == "" {
		s.keyID, s.keyIDFrom = getenv(wrapper.EnvAPIKeyID), wrapper.EnvAPIKeyID
	} else if other := getenv(wrapper.EnvAPIKeyID); other != "" && other != s.keyID {
		s.overruled = append(s.overruled, wrapper.EnvAPIKeyID)
	}
	s.path, s.privateFrom = string(flags.privateKeyFile), "--private-key-file"
	path, pem := getenv(wrapper.EnvPrivateKeyPath), getenv(wrapper.EnvPrivateKey)
	if s.path == "" {
		s.path, s.pem = path, pem
		s.privateFrom = wrapper.EnvPrivateKeyPath
		if path == "" {
			s.privateFrom = wrapper.EnvPrivateKey
		}
		return
	}
	if path != "" && path != s.path {
		s.overruled = append(s.overruled, wrapper.EnvPrivateKeyPath)
	}
	if pem != "" {
		s.overruled = append(s.overruled, wrapper.EnvPrivateKey)
	}
}

func (e *examination) checkVariables(context.Context) finding {
	s := &e.settings
	if s.store.dir != "" || s.store.problem != nil {
		return e.checkStore()
	}
	missing, advice := s.missing()
	switch {
	case s.path != "" && s.pem != "":
		return problem(exitUsage, wrapper.EnvPrivateKeyPath+" and "+wrapper.EnvPrivateKey+" are both set",
			"Keep one of them: unset "+wrapper.EnvPrivateKey)
	case len(missing) > 0:
		advice = append(advice, "If the key is in a store, give --store instead")
		if misnamed := e.misnamed(); misnamed != "" {
			advice = append(advice, misnamed+" is set, and nothing here reads it")
		}
		return problem(exitUsage, strings.Join(missing, " and ")+" not set", strings.Join(advice, ". "))
	case len(s.overruled) > 0:
		return warnOverruled(s.overruled)
	}
	return fine("key ID from " + s.keyIDFrom + ", private key from " + s.privateFrom)
}

// missing returns the variables that a request needs and that are not set, and for each of them
// what to set it to.
func (s *doctorSettings) missing() (variables, advice []string) {
	if s.keyID == "" {
		variables = append(variables, wrapper.EnvAPIKeyID)
		advice = append(advice, "Set "+wrapper.EnvAPIKeyID+" to the ID of the API key, or give --key-id")
	}
	if s.path == "" && s.pem == "" {
		variables = append(variables, wrapper.EnvPrivateKeyPath)
		advice = append(advice, "Set "+wrapper.EnvPrivateKeyPath+" to the path of the private key's file, or "+
			wrapper.EnvPrivateKey+" to the private key itself, as PEM, or give --private-key-file")
	}
	return variables, advice
}

func warnOverruled(variables []string) finding {
	return warning("a flag wins over "+strings.Join(variables, " and "),
		"Leave the flag out, or unset the variable, so that every program uses the same key")
}

// misnamed returns the first variable that looks as if it were meant for us (our own guesses).
func (e *examination) misnamed() string {
	for _, name := range []string{
		"KALSHI_KEY_ID", "KALSHI_API_KEY", "KALSHI_ACCESS_KEY", "KALSHI_ACCESS_KEY_ID",
		"KALSHI_PRIVATE_KEY_FILE", "KALSHI_PRIVATE_KEY_PEM", "KALSHI_KEY_PATH",
	} {
		if e.getenv(name) != "" {
			return name
		}
	}
	return ""
}

var (
	uuidAlone  = regexp.MustCompile(`^` + uuidText + `$`)
	uuidInside = regexp.MustCompile(uuidText)
)

const uuidText = `[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}`

// checkKeyID shows no more of the key ID than a UUID: what else it holds may be something that
// was pasted there by mistake.
func (e *examination) checkKeyID(context.Context) finding {
	s := &e.settings
	id := strings.TrimSpace(s.keyID)
	if id == "" {
		return unchecked("no key ID is given")
	}
	if problemOf(keyIDError(id)) == wrapper.ProblemKeyID {
		return problem(exitUsage, s.keyIDFrom+" holds characters that no key ID has", keyIDAdvice(id))
	}
	s.usableID = id
	switch {
	case !uuidAlone.MatchString(id):
		return warning(fmt.Sprintf("%s is no UUID, as every known key ID is (it has %d characters, a UUID has 36)", s.keyIDFrom, len(id)),
			keyIDAdvice(id))
	case id != s.keyID:
		return warning(id+", after white space around it was removed",
			"Remove the white space from "+s.keyIDFrom+": other programs send it along")
	}
	return fine(id)
}

// keyIDError returns what the library has against a key ID, which it looks at before the empty
// private key.
func keyIDError(id string) error {
	_, err := wrapper.NewCredentials(id, nil)
	return err
}

func keyIDAdvice(id string) string {
	if inner := uuidInside.FindString(id); inner != "" {
		return "Set it to " + inner + " alone, without quotes, brackets or spaces"
	}
	return "Copy the ID again from the list of API keys, with nothing around it; it is not the key's name, nor the private key"
}

// problemOf returns the problem that err names, "" if none.
func problemOf(err error) wrapper.CredentialsProblem {
	if refused, ok := errors.AsType[*wrapper.CredentialsError](err); ok {
		return refused.Problem
	}
	return ""
}

// explain splits an error of the library into what is wrong and what to do.
func explain(err error) (text, advice string) {
	text, advice = describe(err)
	text = strings.TrimPrefix(strings.TrimPrefix(text, "kalshi: "), "credentials: ")
	return text, cmp.Or(advice, "See the message")
}
