package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/protocol"
)

const adviceForURL = "Set it to " + string(wrapper.ProductionExternalAPI) + " for production, or " + string(wrapper.Demo) +
	" for demo; or leave it out and give --environment"

func (e *examination) checkBaseURL(context.Context) Check {
	base := e.base
	if e.baseErr != nil {
		advice := adviceForURL
		if errors.Is(e.baseErr, protocol.ErrInsecure) {
			advice = "Set it to https://" + base.Host + base.EscapedPath() +
				". If it is a sandbox in another container, share its network namespace and use 127.0.0.1"
		}
		return unusable(e.baseErr.Error(), advice)
	}
	environment := protocol.EnvironmentOf(base.Hostname())
	if environment != "" && base.EscapedPath() != protocol.BasePath {
		return unusable(fmt.Sprintf("%s does not end in %s", base, protocol.BasePath),
			fmt.Sprintf("Set it to %s://%s%s", base.Scheme, base.Host, protocol.BasePath))
	}
	return e.judgeBaseURL(environment)
}

func (e *examination) judgeBaseURL(environment string) Check {
	isHere := protocol.IsLoopback(e.base.Hostname())
	text := e.base.String() + ", "
	switch {
	case environment != "":
		text += "the " + environment + " environment"
	case isHere:
		text += "a service on this machine, not one of Kalshi's environments"
	default:
		text += "not a known host of the service"
	}
	switch {
	case !strings.EqualFold(e.base.String(), e.BaseURL):
		return warning(text+" (after a slash, blanks or quotes at its ends were removed)",
			"Set it without them: other programs send them along, and /api_keys/ is answered with a redirect")
	case !strings.HasSuffix(e.base.EscapedPath(), protocol.BasePath):
		return warning(text, "It does not end in "+protocol.BasePath+", with which every signed path of the service begins")
	case environment == "" && !isHere:
		return warning(text, "Make sure that you trust it: the host is not part of what is signed, so it can pass "+
			"your requests on to the service for some ten seconds. "+adviceForURL)
	}
	return fine(text)
}
