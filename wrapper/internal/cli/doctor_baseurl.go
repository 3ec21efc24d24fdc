package cli

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strings"

	"kalshi.internal/apikeys/wrapper"
)

// servicePath is where the base URLs of all environments end (source: seed).
const servicePath = "/trade-api/v2"

// environmentNames says which environment each known base URL leads to.
func environmentNames() map[wrapper.Environment]string {
	return map[wrapper.Environment]string{
		wrapper.Production: "production", wrapper.ProductionExternalAPI: "production",
		wrapper.Demo: "demo", wrapper.DemoFormerHost: "demo",
	}
}

// environmentOf returns the name of the environment that a host belongs to, "" if none.
func environmentOf(host string) string {
	for environment, name := range environmentNames() {
		if strings.EqualFold(hostOf(string(environment)), host) {
			return name
		}
	}
	return ""
}

func (e *examination) checkBaseURL(context.Context) finding {
	given, err := e.flags.service.address(e.getenv)
	if err != nil {
		text, advice := explain(err)
		return problem(exitUsage, text, advice)
	}
	address := strings.TrimRight(strings.TrimSpace(given), "/")
	base, err := url.Parse(address)
	if err != nil || base.User != nil {
		return problem(exitUsage, "the base URL cannot be read, or holds a user name", adviceForURL)
	}
	if err := usableBaseURL(address); err != nil {
		return unusableBaseURL(base, err)
	}
	known := environmentOf(base.Hostname())
	if known != "" && base.EscapedPath() != servicePath {
		return problem(exitUsage, fmt.Sprintf("%s does not end in %s", base, servicePath),
			fmt.Sprintf("Set it to %s://%s%s", base.Scheme, base.Host, servicePath))
	}
	e.service.base = base
	return judgeBaseURL(base, known, address != given)
}

const adviceForURL = "Set it to https://external-api.kalshi.com" + servicePath + " for production, or https://external-api.demo.kalshi.co" +
	servicePath + " for demo; or leave it out and give --environment"

// usableBaseURL returns what the library has against a base URL. Nothing is signed with no
// credentials.
func usableBaseURL(address string) error {
	_, err := wrapper.NewTransport((*wrapper.Credentials)(nil), wrapper.WithBaseURL(address))
	return err
}

func unusableBaseURL(base *url.URL, err error) finding {
	text, advice := explain(err)
	if base.Scheme == "http" && base.Host != "" {
		return problem(exitUsage, text, "Set it to https://"+base.Host+base.EscapedPath())
	}
	if advice == "See the message" {
		advice = adviceForURL
	}
	return problem(exitUsage, text, advice)
}

func judgeBaseURL(base *url.URL, known string, untidy bool) finding {
	text := base.String() + ", "
	switch {
	case known != "":
		text += "the " + known + " environment"
	case isLoopbackHost(base.Hostname()):
		text += "a service on this machine, and none of Kalshi's environments"
	default:
		text += "none of the known hosts of the service"
	}
	switch {
	case untidy:
		return warning(text+" (after a slash or spaces at its ends were removed)",
			"Set it without them: other programs send them along, and /api_keys/ is answered with a redirect")
	case !strings.HasSuffix(base.EscapedPath(), servicePath):
		return warning(text, "It does not end in "+servicePath+", with which every signed path of the service begins")
	case known == "" && !isLoopbackHost(base.Hostname()):
		return warning(text, "Make sure that you trust it: the host is not part of what is signed, so it can pass "+
			"your requests on to the service for some ten seconds. "+adviceForURL)
	}
	return fine(text)
}

func isLoopbackHost(host string) bool {
	address := net.ParseIP(host)
	return host == "localhost" || (address != nil && address.IsLoopback())
}
