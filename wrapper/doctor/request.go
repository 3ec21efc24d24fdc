package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/protocol"
)

func (e *examination) checkSignedRequest(ctx context.Context) Check {
	switch {
	case e.usableID == "":
		return unchecked("there is no usable key ID")
	case e.signer == nil:
		return unchecked("there is no usable private key")
	case e.contact == nil:
		return unchecked("the service cannot be reached")
	}
	list, offset, err := e.listKeys(ctx, e.base.String())
	e.list, e.listErr = list, err
	if err != nil {
		text, advice := explain(err)
		return problem(err, text, advice+e.moreAdvice(err))
	}
	text := fmt.Sprintf("accepted; API keys of the account: %d", len(list.APIKeys))
	if offset != 0 {
		text += fmt.Sprintf(", after the time was corrected by %.0f seconds", offset.Seconds())
	}
	return fine(text)
}

// listKeys lists the keys of the account, signed with the credentials under examination.
func (e *examination) listKeys(ctx context.Context, baseURL string) (*gen.GetAPIKeysResponse, time.Duration, error) {
	credentials, err := wrapper.NewSignerCredentials(e.usableID, e.signer)
	if err != nil {
		return nil, 0, err
	}
	client, err := wrapper.NewClient(credentials,
		wrapper.WithBaseURL(baseURL),
		wrapper.WithHTTPTransport(e.Transport),
		wrapper.WithLogger(e.Logger),
		// The second attempt is for a request that is signed anew with the corrected clock.
		wrapper.WithRetry(wrapper.Retry{MaxAttempts: 2}))
	if err != nil {
		return nil, 0, err
	}
	list, err := client.GetAPIKeys(ctx)
	return list, client.ClockOffset(), err
}

func (e *examination) moreAdvice(err error) string {
	switch {
	case errors.Is(err, wrapper.ErrBadSignature):
		return ". The service knows the key ID. If the PEM that was saved with it is lost, make another key and delete this one"
	case errors.Is(err, wrapper.ErrUnknownKey) && !e.TryOtherEnvironments:
		return ". To see whether another environment knows it, give --try-other-environments"
	case errors.Is(err, wrapper.ErrForbidden):
		return ". The signature was accepted: listing keys needs more rights"
	}
	return ""
}

// checkOtherEnvironments asks once in each other environment. The signature does not name the
// host, so an environment that knows the key would accept it for listing the keys.
func (e *examination) checkOtherEnvironments(ctx context.Context) Check {
	switch {
	case e.list != nil:
		return unchecked("the key is known here")
	case !errors.Is(e.listErr, wrapper.ErrUnknownKey):
		return unchecked("only a key ID that is unknown here is looked for elsewhere")
	case !e.TryOtherEnvironments:
		return unchecked("--try-other-environments is not given")
	}
	var asked []string
	for _, host := range []wrapper.Environment{wrapper.Demo, wrapper.ProductionExternalAPI} {
		base, err := protocol.ParseBaseURL(string(host))
		if err != nil {
			return problem(err, err.Error(), adviceForURL)
		}
		name := protocol.EnvironmentOf(base.Hostname())
		if name == protocol.EnvironmentOf(e.base.Hostname()) {
			continue
		}
		_, _, err = e.listKeys(ctx, base.String())
		if owner := ownership(name, err); owner != "" {
			return problem(wrapper.ErrUnauthenticated, owner,
				fmt.Sprintf("Set KALSHI_BASE_URL to %s and use the PEM that was saved with this ID, or make a key in this environment", base))
		}
		asked = append(asked, name+outcomeElsewhere(err))
	}
	return warning("no other environment has it: "+strings.Join(asked, ", "),
		"The key was deleted, or the ID is mistyped: list the keys on the service's website, and make a new key if it is not there")
}

// ownership says what an environment has of the key, "" if it does not know the key ID.
func ownership(environment string, err error) string {
	switch {
	case err == nil, errors.Is(err, wrapper.ErrForbidden):
		return "the key belongs to the " + environment + " environment"
	case errors.Is(err, wrapper.ErrBadSignature):
		return "the key ID belongs to the " + environment + " environment, and to another private key"
	}
	return ""
}

func outcomeElsewhere(err error) string {
	if errors.Is(err, wrapper.ErrUnknownKey) {
		return " does not know it"
	}
	if failure, ok := errors.AsType[*wrapper.Error](err); ok && failure.StatusCode != 0 {
		return fmt.Sprintf(" answered %d %s", failure.StatusCode, http.StatusText(failure.StatusCode))
	}
	return " could not be asked"
}
