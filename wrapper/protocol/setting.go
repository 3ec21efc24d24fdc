package protocol

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// SettingError says that the text of a setting is not the value that was meant: a shell, an env file,
// a service manager or a template would have made the value of it. It is not changed after it is
// returned.
type SettingError struct {
	// Problem says what is wrong. Hint says what to do, with the value that was meant if that is known.
	Problem, Hint string
}

// Error returns one line: what is wrong and what to do.
func (e *SettingError) Error() string { return e.Problem + ". " + e.Hint }

// CleanSetting returns the value that text gives a setting such as a URL: without white space and
// invisible characters around it, and without a pair of quotes, which env files of containers keep.
// It returns a [*SettingError] for what nothing here turns into a value: a variable, a command, a
// comment, a quote at one end. getenv looks up variables, to say what was meant. What is trimmed and
// what is refused is our own choice.
func CleanSetting(text string, getenv func(name string) string) (string, error) {
	return cleaned(text, getenv, settingFaults())
}

// CleanPath is [CleanSetting] for the path of a file or a directory. It also refuses ~, specifiers of
// systemd, and references such as file:// and op://.
func CleanPath(text string, getenv func(name string) string) (string, error) {
	value := trimmed(text)
	if rest, found := strings.CutPrefix(value, "~"); found {
		hint := "Write the whole path"
		if rest == "" || rest[0] == '/' {
			hint += `, or in a shell "$HOME` + rest + `"`
		}
		return "", &SettingError{value + " begins with ~, which nothing expands here", hint}
	}
	return cleaned(value, getenv, slices.Concat(settingFaults(), pathFaults()))
}

// lookup returns the value of a variable, "" if it is unset.
type lookup = func(name string) string

// settingFault is a way in which a text is not the value that was meant.
type settingFault struct {
	find *regexp.Regexp
	what string
	// mend returns what was meant by what find has found, false if nobody can know it.
	mend func(found string, getenv lookup) (string, bool)
}

const variableFault = "it holds a variable, which nothing expands here"

// settingFaults come in the order in which they are mended.
var settingFaults = sync.OnceValue(func() []settingFault {
	return []settingFault{
		{regexp.MustCompile(`^(?:export\s+|set\s+|\$env:)?KALSHI_[A-Z_]+\s*=\s*`), "it begins with the name of a variable", removed},
		{regexp.MustCompile(`\s+#(?:[^0-9].*)?$`), "it ends in a comment", removed},
		{regexp.MustCompile(`^<(?:[a-z]+:/)?/[^>]*>$`), "it stands in angle brackets", func(found string, _ lookup) (string, bool) {
			return found[1 : len(found)-1], true
		}},
		{regexp.MustCompile("\\$\\(.*\\)|`.*`"), "it holds a command, which nothing runs here", unknown},
		{regexp.MustCompile("^[\"'`“”‘’].*$|^.*[\"'`“”‘’]$"), "it has a quote at one end", unquoted},
		{regexp.MustCompile(`[;,]+$`), "it ends in a character that belongs to what was around it", removed},
		{regexp.MustCompile(`\{\{.*?\}\}|\$\{(?:[^}]*[^A-Za-z0-9_}][^}]*|)\}|^<[^>]*>$`), "it holds a placeholder, which nothing fills in here", unknown},
		{regexp.MustCompile(`\\?\$(?:(?:env:)?[A-Za-z_]\w*|\{[A-Za-z_]\w*\})`), variableFault, expanded},
		{regexp.MustCompile(`[\x00-\x1f\x7f]`), "it holds a control character", unknown},
	}
})

// pathFaults are those of paths alone.
var pathFaults = sync.OnceValue(func() []settingFault {
	return []settingFault{
		{regexp.MustCompile(`^file:.*$`), "it is a file URL, not a path", pathOf},
		{regexp.MustCompile(`^(?:[A-Za-z][A-Za-z0-9+.-]+://|arn:).*$`), "it is a reference to another place, not a path", unknown},
		{regexp.MustCompile(`^@`), "it begins with @, which nothing follows here", removed},
		{regexp.MustCompile(`(?:^|/)%[a-zA-Z](?:/|$)`), "it holds a specifier of systemd, which nothing expands here", specified},
		{regexp.MustCompile(`%[A-Za-z_]\w{2,}%`), variableFault, expanded},
		{regexp.MustCompile(`\\ `), "it holds a backslash before a blank", func(string, lookup) (string, bool) { return " ", true }},
	}
})

func cleaned(text string, getenv lookup, faults []settingFault) (string, error) {
	value, problem, isKnown := trimmed(text), "", true
	for _, fault := range faults {
		mended := fault.find.ReplaceAllStringFunc(value, func(found string) string {
			meant, ok := fault.mend(found, getenv)
			isKnown = isKnown && ok
			return meant
		})
		if !fault.find.MatchString(value) {
			continue
		}
		value = trimmed(mended)
		if problem == "" {
			problem = fault.what
		}
	}
	switch {
	case problem == "":
		return value, nil
	case !isKnown || value == "" || strings.Contains(value, "@"): // which may follow a password
		return "", &SettingError{problem, "Set it to the value itself"}
	}
	return "", &SettingError{problem, "Set it to " + value}
}

// quotes are pairs of quotes as shells and editors write them.
const quotes = `""''“”‘’`

// trimmed returns text without blanks and invisible characters around it and without one pair of
// quotes.
func trimmed(text string) string {
	text = strings.TrimFunc(text, isBlank)
	runes := []rune(text)
	pairs := []rune(quotes)
	for i := 0; i < len(pairs) && len(runes) > 1; i += 2 {
		inner := runes[1 : len(runes)-1]
		if runes[0] == pairs[i] && runes[len(runes)-1] == pairs[i+1] && !slices.Contains(inner, pairs[i]) {
			return strings.TrimFunc(string(inner), isBlank)
		}
	}
	return text
}

// isBlank reports whether r is white space or shows nothing.
func isBlank(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }

func removed(string, lookup) (string, bool) { return "", true }

func unknown(string, lookup) (string, bool) { return "", false }

func unquoted(found string, _ lookup) (string, bool) {
	return strings.Trim(strings.Map(func(r rune) rune {
		if strings.ContainsRune(quotes+"`", r) {
			return -1
		}
		return r
	}, found), " "), true
}

func expanded(found string, getenv lookup) (string, bool) {
	value := getenv(strings.Trim(strings.TrimPrefix(strings.TrimPrefix(found, `\`), "$env:"), "${}%"))
	return value, value != ""
}

// specified expands the specifiers of a user's own unit whose values are known.
func specified(found string, getenv lookup) (string, bool) {
	specifier := strings.Trim(found, "/")
	value := getenv(map[string]string{"%h": "HOME", "%d": "CREDENTIALS_DIRECTORY"}[specifier])
	return strings.Replace(strings.TrimPrefix(found, "/"), specifier, value, 1), value != ""
}

func pathOf(found string, _ lookup) (string, bool) {
	location, err := url.Parse(found)
	if err != nil || (location.Host != "" && location.Host != "localhost") {
		return "", false
	}
	return location.Path + location.Opaque, true
}
