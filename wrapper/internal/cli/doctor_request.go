package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
)

// signedAttempts lets a request be signed anew with the corrected clock, and no more.
const signedAttempts = 2

// doctorAnswer is what the service said to a signed request.
type doctorAnswer struct {
	list *gen.GetAPIKeysResponse
	err  error
}

func (e *examination) checkSignedRequest(ctx context.Context) finding {
	switch {
	case e.settings.usableID == "":
		return unchecked("there is no usable key ID")
	case e.settings.signer == nil:
		return unchecked("there is no usable private key")
	case e.service.probe == nil:
		return unchecked("the service cannot be reached")
	}
	list, offset, err := e.list(ctx, e.service.base.String())
	e.answer = doctorAnswer{list, err}
	if err != nil {
		text, advice := explain(err)
		return problem(exitCodeOf(err), text, e.adviceFor(err, advice))
	}
	text := fmt.Sprintf("accepted; API keys of the account: %d", len(list.APIKeys))
	if offset != 0 {
		text += fmt.Sprintf(", after the time was corrected by %.0f seconds", offset.Seconds())
	}
	return fine(text)
}

// list lists the keys of the account, signed with the credentials under examination.
func (e *examination) list(ctx context.Context, baseURL string) (*gen.GetAPIKeysResponse, time.Duration, error) {
	credentials, err := wrapper.NewSignerCredentials(e.settings.usableID, e.settings.signer)
	if err != nil {
		return nil, 0, err
	}
	options := []wrapper.Option{
		wrapper.WithBaseURL(baseURL),
		wrapper.WithHTTPTransport(e.service.transport),
		wrapper.WithRetry(wrapper.Retry{MaxAttempts: signedAttempts}),
	}
	if e.flags.service.verbose {
		options = append(options, wrapper.WithLogger(e.logger()))
	}
	client, err := wrapper.NewClient(credentials, options...)
	if err != nil {
		return nil, 0, err
	}
	list, err := client.GetAPIKeys(ctx)
	return list, client.ClockOffset(), err
}

func (e *examination) adviceFor(err error, advice string) string {
	switch {
	case errors.Is(err, wrapper.ErrBadSignature):
		return advice + ". The service knows the key ID. If the PEM that was saved with it is lost, make another key and delete this one"
	case errors.Is(err, wrapper.ErrUnknownKey) && !e.flags.otherEnvironments:
		return advice + ". To see whether another environment knows it, give --try-other-environments"
	case errors.Is(err, wrapper.ErrForbidden):
		return advice + ". The signature was accepted: listing keys needs more rights"
	}
	return advice
}

// checkOtherEnvironments asks once in each other environment. The signature does not name the
// host, so what is sent is as good there as here: for listing the keys, if the key is live.
func (e *examination) checkOtherEnvironments(ctx context.Context) finding {
	switch {
	case e.answer.list != nil:
		return unchecked("the key is known here")
	case !errors.Is(e.answer.err, wrapper.ErrUnknownKey):
		return unchecked("only a key ID that is unknown here is looked for elsewhere")
	case !e.flags.otherEnvironments:
		return unchecked("--try-other-environments is not given")
	}
	here := environmentOf(e.service.base.Hostname())
	recommended := map[string]wrapper.Environment{"production": wrapper.ProductionExternalAPI, "demo": wrapper.Demo}
	var asked []string
	for _, name := range slices.Sorted(maps.Keys(recommended)) {
		if name == here {
			continue
		}
		_, _, err := e.list(ctx, string(recommended[name]))
		if found, decisive := judgeElsewhere(name, recommended[name], err); decisive {
			return found
		}
		asked = append(asked, name+outcomeElsewhere(err))
	}
	return warning("no other environment has it: "+strings.Join(asked, ", "),
		"The key was deleted, or the ID is mistyped: list the keys on the service's website, and make a new key if it is not there")
}

// judgeElsewhere returns a finding if the environment knows the key ID.
func judgeElsewhere(name string, environment wrapper.Environment, err error) (finding, bool) {
	set := fmt.Sprintf("Set %s to %s, or make a key in this environment", envBaseURL, environment)
	switch {
	case err == nil, errors.Is(err, wrapper.ErrForbidden):
		return problem(exitUnauthenticated, "the key belongs to the "+name+" environment", set), true
	case errors.Is(err, wrapper.ErrBadSignature):
		return problem(exitUnauthenticated, "the key ID belongs to the "+name+" environment, and to another private key",
			set+"; and use the PEM that was saved with this ID"), true
	}
	return finding{}, false
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
