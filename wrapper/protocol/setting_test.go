package protocol_test

import (
	"errors"
	"strings"
	"testing"

	"kalshi.internal/apikeys/wrapper/protocol"
)

func environment(name string) string {
	return map[string]string{"HOME": "/home/merle", "CREDENTIALS_DIRECTORY": "/run/credentials/bot", "HOST": "demo-api.kalshi.co"}[name]
}

func TestWhatIsCertainlyNotMeantIsTrimmed(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":                  "/srv/key.pem",
		"a carriage return":        "/srv/key.pem\r",
		"a line break":             "/srv/key.pem\r\n",
		"a blank":                  " \t/srv/key.pem ",
		"a no-break space":         "/srv/key.pem\u00a0",
		"a byte order mark":        "\ufeff/srv/key.pem",
		"an invisible character":   "/srv/key.pem\u200b",
		"double quotes":            `"/srv/key.pem"`,
		"single quotes":            `'/srv/key.pem'`,
		"typographic quotes":       `“/srv/key.pem”`,
		"quotes and a line break":  "\"/srv/key.pem\"\r\n",
		"blanks inside the quotes": `" /srv/key.pem "`,
	} {
		t.Run(name, func(t *testing.T) {
			for _, clean := range []func(string, func(string) string) (string, error){protocol.CleanPath, protocol.CleanSetting} {
				if got, err := clean(text, environment); err != nil || got != "/srv/key.pem" {
					t.Errorf("%q became %q, %v", text, got, err)
				}
			}
		})
	}
}

func TestAPathMayHoldWhatOnlyLooksLikeAFault(t *testing.T) {
	for _, text := range []string{
		"", "./~key.pem", "a~b", "key #1.pem", "a#b", "100%", "%20", "caf%C3%A9.pem", "a=b", "it's", "C:\\keys\\key.pem", "a;b", "price-$5", "a$", "<a", "-", "[x]", "{x}",
	} {
		if got, err := protocol.CleanPath(text, environment); err != nil || got != text {
			t.Errorf("%q became %q, %v", text, got, err)
		}
	}
}

func TestWhatNothingExpandsHereIsRefusedWithTheValueThatWasMeant(t *testing.T) {
	const whole, itself = "Set it to /home/merle/key.pem", "Set it to the value itself"
	for text, want := range map[string][2]string{
		"~/key.pem":                               {"begins with ~", `in a shell "$HOME/key.pem"`},
		"~merle/key.pem":                          {"begins with ~", "Write the whole path"},
		"$HOME/key.pem":                           {"a variable", whole},
		`"$HOME/key.pem"`:                         {"a variable", whole},
		"${HOME}/key.pem":                         {"a variable", whole},
		`"${HOME}"/key.pem`:                       {"a quote at one end", whole},
		`/home/merle/"key.pem"`:                   {"a quote at one end", whole},
		`\$HOME/key.pem`:                          {"a variable", whole},
		"$env:HOME/key.pem":                       {"a variable", whole},
		"%HOME%/key.pem":                          {"a variable", whole},
		"$UNSET/key.pem":                          {"a variable", itself},
		"${HOME:-/root}/key.pem":                  {"a placeholder", itself},
		"$(pwd)/key.pem":                          {"a command", itself},
		"`pwd`/key.pem":                           {"a command", itself},
		"{{ .Values.path }}":                      {"a placeholder", itself},
		"${{ secrets.PATH }}":                     {"a placeholder", itself},
		"<path to the key>":                       {"a placeholder", itself},
		"%h/key.pem":                              {"a specifier", whole},
		"%d/key.pem":                              {"a specifier", "Set it to /run/credentials/bot/key.pem"},
		"/run/%i/key.pem":                         {"a specifier", itself},
		"file:///home/merle/key.pem":              {"a file URL", whole},
		"file://localhost/home/merle/key.pem":     {"a file URL", whole},
		"file:/home/merle/key.pem":                {"a file URL", whole},
		"file:///home/merle/my%20key.pem":         {"a file URL", "Set it to /home/merle/my key.pem"},
		"file:key.pem":                            {"a file URL", "Set it to key.pem"},
		"file://other/key.pem":                    {"a file URL", itself},
		"</home/merle/key.pem>":                   {"angle brackets", whole},
		"file://$HOME/key.pem":                    {"a variable", whole},
		"@/home/merle/key.pem":                    {"begins with @", whole},
		"op://vault/kalshi/key":                   {"a reference", itself},
		"https://example.com/key.pem":             {"a reference", itself},
		"arn:aws:secretsmanager:eu-1:1:secret:k":  {"a reference", itself},
		"/home/merle/key.pem # the bot's":         {"a comment", whole},
		"/home/merle/key.pem #the bot's":          {"a comment", whole},
		"/home/merle/key.pem;":                    {"belongs to what was around it", whole},
		"KALSHI_PRIVATE_KEY_PATH=$HOME/key.pem":   {"the name of a variable", whole},
		"export KALSHI_STORE=/home/merle/key.pem": {"the name of a variable", whole},
		`"/home/merle/key.pem`:                    {"a quote at one end", whole},
		`/home/merle/key.pem'`:                    {"a quote at one end", whole},
		`/home/merle/my\ key.pem`:                 {"a backslash", "Set it to /home/merle/my key.pem"},
		"/home/merle\x1b[2J/key.pem":              {"a control character", itself},
		"/home/merle/\nkey.pem":                   {"a control character", itself},
	} {
		t.Run(text, func(t *testing.T) {
			got, err := protocol.CleanPath(text, environment)
			fault, ok := errors.AsType[*protocol.SettingError](err)
			if got != "" || !ok || !strings.Contains(fault.Problem, want[0]) || !strings.HasSuffix(fault.Hint, want[1]) {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

func TestABaseURLIsCleaned(t *testing.T) {
	const demo = "https://demo-api.kalshi.co/trade-api/v2"
	for text, want := range map[string]string{
		`"` + demo + `"`: "", demo + "\r\n": "", "'" + demo + "/'": "",
		demo + " # demo":                  "Set it to " + demo,
		"https://$HOST/trade-api/v2":      "Set it to " + demo,
		"https://${HOST}/trade-api/v2;":   "Set it to " + demo,
		"https://u:$HOST@127.0.0.1/a":     "Set it to the value itself",
		"<" + demo + ">":                  "Set it to " + demo,
		"KALSHI_BASE_URL=" + demo:         "Set it to " + demo,
		"https://{{ host }}/trade-api/v2": "Set it to the value itself",
	} {
		t.Run(text, func(t *testing.T) {
			t.Setenv("HOST", environment("HOST"))
			got, err := protocol.ParseBaseURL(text)
			switch {
			case want == "" && (err != nil || got.String() != demo):
				t.Errorf("got %v, %v", got, err)
			case want != "" && (err == nil || !strings.HasPrefix(err.Error(), "base URL: ") || !strings.HasSuffix(err.Error(), want)):
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

func FuzzCleanPath(f *testing.F) {
	for _, text := range []string{"", `"a"`, "$HOME/x", "~", "%h/a", "file:///a%", "a # b", "“", "KALSHI_A=", "\xff"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		path, err := protocol.CleanPath(text, environment)
		if err != nil {
			return
		}
		if again, err := protocol.CleanPath(path, environment); err != nil && !strings.ContainsAny(path[:1], "~\"'`“‘") {
			t.Errorf("%q became %q, which is refused: %v (%q)", text, path, err, again)
		}
		if strings.ContainsAny(path, "\x00\r\n") {
			t.Errorf("%q became %q", text, path)
		}
	})
}
