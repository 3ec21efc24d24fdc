package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// signedHeaders are the three headers of a request, as package protocol names them.
type signedHeaders struct {
	KeyID     string `json:"KALSHI-ACCESS-KEY"`
	Signature string `json:"KALSHI-ACCESS-SIGNATURE"`
	Timestamp string `json:"KALSHI-ACCESS-TIMESTAMP"`
}

func newSignCommand(s *settings) *cobra.Command {
	command := &cobra.Command{
		Use:   "sign METHOD PATH",
		Short: "Print the three headers that sign a request",
		Long: `Prints the three headers that sign a request, one on each line. They are good for
this method and path only, and for some ten seconds. Nothing is sent.

PATH is the path from the root of the host; the base path is put before one that
lacks it. A query is left out, since it is not signed. The base URL tells that path,
and which key of a store signs:
  kalshi-keys sign GET /trade-api/v2/api_keys |
    curl -H @- https://external-api.demo.kalshi.co/trade-api/v2/api_keys`,
		Args: takes("METHOD", "PATH"),
		RunE: func(command *cobra.Command, args []string) error {
			headers, err := s.sign(command.Context(), args[0], args[1])
			if err != nil {
				return err
			}
			return s.print(headers, fmt.Sprintf("%s: %s\n%s: %s\n%s: %s\n",
				protocol.HeaderKey, headers.KeyID,
				protocol.HeaderSignature, headers.Signature,
				protocol.HeaderTimestamp, headers.Timestamp))
		},
	}
	s.registerKey(command.Flags())
	s.registerBaseURL(command.Flags())
	s.registerOutput(command.Flags())
	return command
}

func (s *settings) sign(ctx context.Context, methodText, pathText string) (signedHeaders, error) {
	method, err := signedMethod(methodText)
	if err != nil {
		return signedHeaders{}, err
	}
	path, err := signedPath(pathText)
	if err != nil {
		return signedHeaders{}, err
	}
	base, err := s.serviceURL()
	if err != nil {
		return signedHeaders{}, err
	}
	path = s.completePath(path, base)
	credentials, err := s.credentials(ctx, base)
	if err != nil {
		return signedHeaders{}, err
	}
	return sign(credentials, method, path)
}

func sign(credentials *wrapper.Credentials, method, path string) (signedHeaders, error) {
	timestamp := protocol.Timestamp(time.Now())
	signed, err := protocol.Sign(credentials.Signer(), timestamp, method, path)
	if err != nil {
		return signedHeaders{}, fmt.Errorf("signing: %w", err)
	}
	return signedHeaders{KeyID: credentials.KeyID(), Signature: signed, Timestamp: timestamp}, nil
}

func signedMethod(text string) (string, error) {
	method := strings.ToUpper(text)
	if method == "" || strings.Trim(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return "", usage(fmt.Sprintf("%q is not an HTTP method", text), "Give GET, POST, DELETE or the like, then the path")
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
