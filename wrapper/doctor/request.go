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
	client, err := wrapper.NewClient(e.credentials,
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
	case errors.Is(err, wrapper.ErrUnknownKey) && e.CurrentKey != nil:
		return ". If the store " + e.Store + " was copied or put back from a backup, it is older than the last rotation: " +
			"put back a newer copy, or import a key that works"
	case errors.Is(err, wrapper.ErrUnknownKey) && !e.TryOtherEnvironments:
		return ". To see whether another environment knows it, give --try-other-environments"
	case isForbidden(err):
		return ". The signature was accepted: listing keys needs more rights"
	}
	return ""
}

// isForbidden reports whether the service itself knows the key and does not let it list.
func isForbidden(err error) bool {
	failure, ok := errors.AsType[*wrapper.Error](err)
	return ok && errors.Is(err, wrapper.ErrForbidden) && failure.FromService()
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
	for _, other := range []struct {
		name    string
		baseURL wrapper.Environment
	}{{protocol.DemoEnvironment, wrapper.Demo}, {protocol.ProductionEnvironment, wrapper.ProductionExternalAPI}} {
		if other.name == protocol.EnvironmentOf(e.base.Hostname()) {
			continue
		}
		_, _, err := e.listKeys(ctx, string(other.baseURL))
		advice := fmt.Sprintf("Set KALSHI_BASE_URL to %s, or make a key in this environment", other.baseURL)
		switch {
		case err == nil, isForbidden(err):
			return problem(wrapper.ErrUnauthenticated, "the key belongs to the "+other.name+" environment", advice)
		case errors.Is(err, wrapper.ErrBadSignature):
			return problem(wrapper.ErrUnauthenticated, "the key ID belongs to the "+other.name+" environment, and to another private key",
				advice+"; and use the PEM that was saved with this ID")
		}
		asked = append(asked, other.name+outcomeElsewhere(err))
	}
	return warning("no other environment has it: "+strings.Join(asked, ", "),
		"The key was deleted, or the ID is mistyped: list the keys on the service's website, and make a new key if it is not there")
}

func outcomeElsewhere(err error) string {
	failure, isAnswer := errors.AsType[*wrapper.Error](err)
	switch {
	case errors.Is(err, wrapper.ErrUnknownKey):
		return " does not know it"
	case isAnswer && failure.StatusCode != 0:
		return fmt.Sprintf(" answered %d %s", failure.StatusCode, http.StatusText(failure.StatusCode))
	}
	return " could not be asked"
}
