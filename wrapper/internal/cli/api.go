package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/secret"
)

// maxInputBytes bounds what --input reads: our own choice, far above any request of the service.
const maxInputBytes = 8 << 20

// apiFlags say what to send beside method and path.
type apiFlags struct {
	fields, rawFields []string
	input             pathFlag
	include           bool
}

func newAPICommand(s *settings) *cobra.Command {
	var flags apiFlags
	command := &cobra.Command{
		Use:   "api [METHOD] PATH",
		Short: "Send a signed request to any endpoint of the service",
		Long: `Sends a signed request to any endpoint and prints the answer, JSON indented. The base
path is put before a PATH that lacks it, and PATH may be a URL, pasted from the
documentation. Without METHOD it is GET, or POST where a body is given.

--field NAME=VALUE sends true, false, null and numbers as such and anything else as
text, --raw-field always as text: in the query of a GET or DELETE, and else in a JSON
object. --input sends a file as the body, and fields go into the query then.

A request is sent again as the client does it: an order whose outcome is unknown is not.
An answer that is no success is printed too, and its error is explained. This command
does not generate keys: "kalshi-keys generate" keeps the private key.

  kalshi-keys api /portfolio/balance
  kalshi-keys api GET /markets --field limit=5 --field status=open
  kalshi-keys api POST /portfolio/orders --input order.json`,
		Args: takesMethodAndPath,
		RunE: func(command *cobra.Command, args []string) error {
			ctx, cancel, err := s.within(command.Context())
			if err != nil {
				return err
			}
			defer cancel()
			return s.callAPI(ctx, &flags, args)
		},
	}
	list := command.Flags()
	list.StringArrayVarP(&flags.fields, "field", "F", nil, "`NAME=VALUE` to send; numbers, true, false and null as such")
	list.StringArrayVarP(&flags.rawFields, "raw-field", "f", nil, "`NAME=VALUE` to send as text")
	list.Var(&flags.input, "input", "`FILE` to send as the body; - for standard input")
	list.BoolVarP(&flags.include, "include", "i", false, "print the status and the headers of the answer too")
	s.registerService(list, callTimeout)
	return command
}

func takesMethodAndPath(command *cobra.Command, args []string) error {
	if len(args) == 1 {
		return takes("PATH")(command, args)
	}
	return takes("METHOD", "PATH")(command, args)
}

func (s *settings) callAPI(ctx context.Context, flags *apiFlags, args []string) error {
	request, err := s.apiRequest(ctx, flags, args)
	if err != nil {
		return err
	}
	base, err := s.serviceURL()
	if err != nil {
		return err
	}
	credentials, err := s.credentials(ctx, base)
	if err != nil {
		return err
	}
	transport, err := wrapper.NewTransport(credentials, append(s.clientOptions(), wrapper.WithBaseURL(base.String()))...)
	if err != nil {
		return err
	}
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(request)
	if err != nil {
		return err
	}
	failed := wrapper.ErrorFrom(response)
	shown, err := s.shownAnswer(response, flags.include)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(s.stdout, shown); err != nil {
		return fmt.Errorf("writing to standard output: %w", err)
	}
	return s.withOldCopy(failed)
}

// shownAnswer returns what is printed of an answer. A private key in it is not.
func (s *settings) shownAnswer(response *http.Response, include bool) (string, error) {
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close() // it is read
	if err != nil {
		return "", fmt.Errorf("reading the answer: %w", err)
	}
	var shown strings.Builder
	if include {
		shown.WriteString(printable(response.Proto+" "+response.Status) + "\n")
		for _, name := range slices.Sorted(headerNames(response.Header)) {
			shown.WriteString(printable(name+": "+strings.Join(response.Header[name], ", ")) + "\n")
		}
		shown.WriteString("\n")
	}
	shown.WriteString(s.shownBody(body))
	return shown.String(), nil
}

// shownBody returns JSON indented, or on one line with --output json, and other text as it is but for what
// a terminal would obey.
func (s *settings) shownBody(body []byte) string {
	var compact, indented bytes.Buffer
	if json.Compact(&compact, body) != nil {
		lines := strings.Split(secret.HidePEM(string(body)), "\n")
		for i, line := range lines {
			lines[i] = printable(strings.TrimSuffix(line, "\r"))
		}
		return strings.Join(lines, "\n")
	}
	text := printableJSON(secret.HidePEM(compact.String()))
	if s.output.value == "json" || json.Indent(&indented, []byte(text), "", "  ") != nil {
		return text + "\n"
	}
	return indented.String() + "\n"
}
