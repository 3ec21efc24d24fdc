package cli_test

import (
	"encoding/json"
	"net"
	"os/exec"
	"runtime/debug"
	"strings"
	"testing"
	"unicode"

	program "kalshi.internal/apikeys/wrapper/internal/cli"
)

func FuzzPrintableTextCommandsNoTerminal(f *testing.F) {
	f.Add("plain")
	f.Add("\x1b[2J\u202e\u009b\r\n\t\x00\xff")
	f.Fuzz(func(t *testing.T, text string) {
		if safe := program.Printable(text); strings.ContainsFunc(safe, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%q became %q", text, safe)
		}
	})
}

func FuzzPrintableJSONMeansTheSame(f *testing.F) {
	f.Add("plain")
	f.Add("\u202e\u009b\U000e0001\u2028\"\\")
	f.Fuzz(func(t *testing.T, text string) {
		line, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		safe := program.PrintableJSON(string(line))
		if strings.ContainsFunc(safe, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%q holds what a terminal obeys", safe)
		}
		var before, after string
		if err := json.Unmarshal(line, &before); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(safe), &after); err != nil || after != before {
			t.Errorf("%q became %q, %v", before, after, err)
		}
	})
}

func TestAShellReadsBackWhatIsExported(t *testing.T) {
	for _, value := range []string{"plain", "it's", `a "b" $c \d`, "two\nlines", "", "-n", "''"} {
		script := program.ExportLine("VALUE", value) + `printf '%s' "$VALUE"`
		got, err := exec.CommandContext(t.Context(), "sh", "-c", script).Output()
		if err != nil || string(got) != value {
			t.Errorf("%q became %q, %v", value, got, err)
		}
	}
}

func TestTheBaseURLIsOneThatThisMachineReaches(t *testing.T) {
	for address, want := range map[string]string{
		"127.0.0.1:80": "http://127.0.0.1:80",
		"0.0.0.0:80":   "http://127.0.0.1:80",
		"[::]:80":      "http://127.0.0.1:80",
		"[::1]:80":     "http://[::1]:80",
		"192.0.2.1:80": "http://192.0.2.1:80",
	} {
		bound, err := net.ResolveTCPAddr("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if got := program.Origin(bound); got != want {
			t.Errorf("%s: got %s, want %s", address, got, want)
		}
	}
}

func TestTheVersionIsWhatTheBuildRecorded(t *testing.T) {
	recorded := &debug.BuildInfo{
		Main: debug.Module{Version: "v1.2.3"},
		Settings: []debug.BuildSetting{
			{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "true"},
		},
	}
	for name, c := range map[string]struct {
		info              *debug.BuildInfo
		version, revision string
	}{
		"a release":              {recorded, "v1.2.3", "abc (modified)"},
		"nothing about versions": {&debug.BuildInfo{}, "unknown", "unknown"},
		"nothing at all":         {nil, "unknown", "unknown"},
	} {
		if version, revision := program.ProgramVersion(c.info); version != c.version || revision != c.revision {
			t.Errorf("%s: got %q, %q", name, version, revision)
		}
	}
}

func FuzzThePasswordOfAStoreIsNotShown(f *testing.F) {
	f.Add("me", "db.invalid/trading?name=desk")
	f.Add("", "db.invalid")
	f.Fuzz(func(t *testing.T, user, rest string) {
		const canary = "c4nary"
		if strings.ContainsAny(user, ":/?@#") || strings.Contains(user+rest, canary) || strings.ContainsAny(rest, "@") {
			return
		}
		for _, address := range []string{
			"postgres://" + user + ":" + canary + "@" + rest, "postgres://db.invalid/d?password=" + canary + "&name=desk",
			"etcd://" + user + ":" + canary + "@" + rest, "postgresql://db.invalid/d?name=desk&sslPassword=" + canary,
		} {
			if shown := program.ShownStore(address); strings.Contains(shown, canary) {
				t.Errorf("%q is shown as %q", address, shown)
			}
		}
	})
}
