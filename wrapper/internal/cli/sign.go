package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/protocol"
)

func (a app) newSignCommand() *cobra.Command {
	var (
		service     addressFlags
		credentials credentialFlags
		output      outputFlag
	)
	command := &cobra.Command{
		Use:   "sign METHOD PATH",
		Short: "Print the three headers that sign a request",
		Long: `Prints the three headers that sign a request, one on each line. They are good for
this method and path only, and for some ten seconds. Nothing is sent.

PATH is the path from the root of the host. A query is left out, since it is not
signed. The base URL only tells which key of a store signs:
  kalshi-keys sign GET /trade-api/v2/api_keys |
    curl -H @- https://external-api.demo.kalshi.co/trade-api/v2/api_keys`,
		Args: takes("METHOD", "PATH"),
	}
	command.RunE = func(command *cobra.Command, args []string) error {
		method, err := signedMethod(args[0])
		if err != nil {
			return err
		}
		path, err := signedPath(args[1])
		if err != nil {
			return err
		}
		address, err := service.address(a.getenv)
		if err != nil {
			return err
		}
		signer, err := credentials.load(command.Context(), a.getenv, address)
		if err != nil {
			return err
		}
		headers, err := sign(signer, method, path)
		if err != nil {
			return err
		}
		return output.write(a.stdout, headers, headers.lines())
	}
	credentials.register(command.Flags())
	registerStore(command.Flags(), &credentials.store)
	service.register(command.Flags())
	output.register(command.Flags())
	return command
}

// signedHeaders are the three headers of a request. Their names are those of the signature
// package.
type signedHeaders struct {
	KeyID     string `json:"KALSHI-ACCESS-KEY"`
	Signature string `json:"KALSHI-ACCESS-SIGNATURE"`
	Timestamp string `json:"KALSHI-ACCESS-TIMESTAMP"`
}

func sign(credentials *wrapper.Credentials, method, path string) (signedHeaders, error) {
	timestamp := protocol.Timestamp(time.Now())
	signed, err := protocol.Sign(credentials.Signer(), timestamp, method, path)
	if err != nil {
		return signedHeaders{}, fmt.Errorf("signing: %w", err)
	}
	return signedHeaders{KeyID: credentials.KeyID(), Signature: signed, Timestamp: timestamp}, nil
}

func (h signedHeaders) lines() [][]string {
	return [][]string{
		{protocol.HeaderKey + ": " + h.KeyID},
		{protocol.HeaderSignature + ": " + h.Signature},
		{protocol.HeaderTimestamp + ": " + h.Timestamp},
	}
}

func signedMethod(text string) (string, error) {
	method := strings.ToUpper(text)
	if method == "" || strings.Trim(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return "", usage(fmt.Sprintf("%q is no HTTP method", text), "Give GET, POST, DELETE or the like, then the path")
	}
	return method, nil
}

// signedPath returns the bytes that a client sends as the path of the request line.
func signedPath(text string) (string, error) {
	path, _, _ := strings.Cut(text, "?")
	switch {
	case strings.Contains(path, "://"):
		return "", usage("a URL is given where a path belongs", "Leave out the scheme and the host: /trade-api/v2/api_keys")
	case !strings.HasPrefix(path, "/"):
		return "", usage(fmt.Sprintf("the path %q does not start with /", path),
			"Give the path from the root of the host, base path included: /trade-api/v2/api_keys")
	case strings.ContainsFunc(path, notOnRequestLine):
		return "", usage(fmt.Sprintf("the path %q holds characters that no request line has", path),
			"Percent-encode the path as the request will carry it, and leave out the fragment")
	}
	return path, nil
}

func notOnRequestLine(r rune) bool {
	return r <= ' ' || r >= 0x7f || r == '#'
}
