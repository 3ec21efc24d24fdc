package wrapper

import (
	"encoding/binary"
	"encoding/hex"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf16"
	"unicode/utf8"
)

// keyForm is a form in which a key arrives, or something else in its place. It has a repair or a
// problem.
type keyForm struct {
	// what says what the repair did.
	what string
	// find or begins finds the form. Without them the repair tells by itself.
	find   *regexp.Regexp
	begins []string
	// repair returns the text without the form, for what find has found or for the whole text.
	repair func(found string) string
	// problem says what the text is in place of a key.
	problem *problem
}

// keyForms come in the order in which they are looked for: what stands for a key elsewhere, files of other
// programs, then what shells, editors, dotenv files, mail and JSON do to a text. No repair changes
// the base64 of a key that needs none.
var keyForms = sync.OnceValue(func() []keyForm {
	return []keyForm{
		{what: "decoded UTF-16", repair: fromUTF16},
		{what: "decoded Windows-1252", repair: fromWindows1252},
		{find: whole(`[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}`), problem: problemKeyIDAsKey},
		{find: whole(`file:\S+|(?:@|~|\.{0,2}/|[A-Za-z]:[\\/]|\\\\[A-Za-z0-9.-]{2,30}\\)[^\r\n]*|[^\s+=]{1,200}\.(?:pem|key|txt|der|p8|p12|pfx|ppk|jwk)`), problem: problemPathAsKey},
		{what: textAround, find: regexp.MustCompile(`^\s*(?:data:[^,\s]*,|(?:base64|b64):|(?:export\s+)?[A-Z][A-Z0-9]*_[A-Z0-9_]*=)`), repair: with("")},
		{what: textAround, find: whole(`[A-Za-z][\w.-]*:[ \t]+["']?[A-Za-z0-9+/=_-]{40,}`), repair: func(found string) string { return found[strings.Index(found, ":")+1:] }},
		{find: whole(`(?:[A-Za-z][A-Za-z0-9+.-]*://|arn:|projects/[^/\s]+/secrets/|ref\+|@Microsoft\.KeyVault)[^\r\n]*`), problem: problemReference},
		{find: whole(`[A-Za-z][\w.+-]*:\S{1,200}`), problem: problemAddress},
		{find: whole(`\$\{?[A-Za-z_][\w.]*(?::?[-?][^}]*)?\}?|\$?\{\{[^\r\n]*\}\}|\$\([^\r\n]*\)|%[A-Za-z_]\w*%|\$env:\w+`),
			problem: problemVariable},
		{find: whole(`[*•·]+|\[(?i:redacted|hidden|masked)\]|\(sensitive value\)`), problem: notAKey("this is what a log or a page shows in place of a secret")},
		{find: whole(`<[^>\r\n]*>|\.{2,}|…|(?i:x{3,}|todo|none|null|nil|undefined|change[-_ ]?me|(?:your|my|replace|insert|paste|put|enter|example|dummy)[-_ ][\w -]*)`),
			problem: problemPlaceholder},
		{find: regexp.MustCompile(`^\s*PuTTY-User-Key-File-`), problem: otherFile("a key in PuTTY's format", "puttygen KEY.ppk -O private-openssh -o KEY")},
		{find: regexp.MustCompile(`-{2,} ?BEGIN PGP `), problem: otherFile("a key of PGP, which signs in another way", "")},
		{find: regexp.MustCompile(`-{2,} ?BEGIN SSH2 ENCRYPTED PRIVATE KEY`), problem: otherFile("a key in the format of SSH Tectia", "ssh-keygen -i -f KEY")},
		{find: regexp.MustCompile(`^\s*\{(?s:.*)"kty"\s*:`), problem: otherFile("a JSON Web Key", "")},
		{find: regexp.MustCompile(`<RSAKeyValue>`), problem: otherFile("a key in the XML of .NET", "")},
		{find: regexp.MustCompile(`AGE-SECRET-KEY-1|^age-encryption\.org|BEGIN AGE ENCRYPTED FILE`), problem: otherFile("a file of age", "age -d -i IDENTITY FILE")},
		{find: regexp.MustCompile(`^\s*\$ANSIBLE_VAULT;|ENC\[AES256_GCM,`), problem: otherFile("a file that Ansible Vault or sops has encrypted", "")},
		{find: regexp.MustCompile(`^untrusted comment:`), problem: otherFile("a key of minisign or signify", "")},
		{begins: []string{"\x1e\xf1\xb5\xb0"}, problem: otherFile("a PVK file of Windows", "openssl rsa -inform PVK -in FILE.pvk -out PRIVATE.pem")},
		{begins: []string{"\xfe\xed\xfe\xed", "\xce\xce\xce\xce"}, problem: otherFile("a Java keystore", "")},
		{begins: []string{"PK\x03\x04", "\x1f\x8b", "BZh", "\xfd7zXZ"}, problem: otherFile("a compressed file", "")},
		{find: regexp.MustCompile(`(?i)^\s*<(?:!doctype|html|head)\b`), problem: otherFile("a web page", "")},
		{find: whole(`-+ *(?:B(?:E(?:G(?:I(?:N(?:[ A-Z0-9]{0,40})?)?)?)?)?)?-*`), problem: problemCutOff},

		{what: "removed a byte order mark or invisible characters", find: regexp.MustCompile(`\x1b\[[0-9;?]*[@-~]|[\p{Cf}\x{fe00}-\x{fe0f}\x00-\x08\x0e-\x1f\x7f]`), repair: with("")},
		{what: "turned unusual spaces into spaces", find: regexp.MustCompile(`[\x{a0}\x{1680}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}]`), repair: with(" ")},
		{what: "decoded percent-encoding", find: regexp.MustCompile(`%(?:25)*[0-9A-Fa-f]{2}`), repair: fromPercent},
		{what: "decoded HTML", find: regexp.MustCompile(`&(?:amp;)*(?:#[0-9]+|#[xX][0-9A-Fa-f]+|[A-Za-z]+);|<(?:br|/?p|/?pre|/?code|/?div|/?span)\b[^>]*>`), repair: fromHTML},
		{what: "decoded quoted-printable text", find: regexp.MustCompile(`=(?:0A|0D|20|2B|2D|2F|3D)`), repair: func(found string) string { return fromHex(found[1:]) }},
		{what: "joined quoted lines", find: regexp.MustCompile("[\"'`]\\s*[+.&]\\s*[\"'`]|[\"'`][ \\t]*[,;+.&\\\\]?[ \\t]*\\r?\\n\\s*[\"'`]"), repair: with("\n")},
		{what: "decoded escapes", find: regexp.MustCompile(`\\+(?:u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|0?1[25])`), repair: fromEscape},
		{what: "turned escaped line breaks into line breaks", find: regexp.MustCompile(`\\+r\\+n|\\+[rn]|\^M\^J|\^[MJ]`), repair: with("\n")},
		{what: "removed quotes and backslashes", find: regexp.MustCompile("[\"'`“”‘’„‚«»\\\\]"), repair: with("")},
		{what: "turned carriage returns into line breaks", find: regexp.MustCompile(`\r\n?|[\x{85}\x{2028}\x{2029}]`), repair: with("\n")},
		{what: "removed the marks before the lines", find: regexp.MustCompile(`(?m)^[ \t]*(?:(?:[>|#*;:]+|//|--?|\+|•|\d+[:.)|]?)[ \t]+|[>|#*;:]+)+`), repair: with("")},
		{what: "removed indentation and trailing spaces", find: regexp.MustCompile(`(?m)^[\t\f\v\pZ]+|[\t\f\v\pZ]+$`), repair: with("")},
	}
})

// whole finds a text that is nothing else, quotes and white space aside.
func whole(pattern string) *regexp.Regexp {
	const around = "[\\s\"'`“”‘’]*"
	return regexp.MustCompile(`^` + around + `(?:` + pattern + `)` + around + `$`)
}

func with(replacement string) func(string) string { return func(string) string { return replacement } }

// apply returns text without the form, and whether it had it.
func (f *keyForm) apply(text string) (string, bool) {
	if f.begins != nil {
		return text, slices.ContainsFunc(f.begins, func(magic string) bool { return strings.HasPrefix(text, magic) })
	}
	if f.find == nil {
		repaired := f.repair(text)
		return repaired, repaired != text
	}
	if !f.find.MatchString(text) {
		return text, false
	}
	if f.problem != nil {
		return text, true
	}
	repaired := f.find.ReplaceAllStringFunc(text, f.repair)
	return repaired, repaired != text
}

// fromUTF16 decodes UTF-16 as PowerShell writes it, with a byte order mark or without: of the
// characters of a key, one of the two bytes is zero.
func fromUTF16(text string) string {
	var order binary.ByteOrder
	switch {
	case len(text) < 2:
		return text
	case strings.HasPrefix(text, "\xff\xfe"), text[0] != 0 && text[1] == 0:
		order = binary.LittleEndian
	case strings.HasPrefix(text, "\xfe\xff"), text[0] == 0 && text[1] != 0:
		order = binary.BigEndian
	default:
		return text
	}
	units := make([]uint16, len(text)/2)
	for i := range units {
		units[i] = order.Uint16([]byte(text[2*i : 2*i+2]))
	}
	return strings.TrimPrefix(string(utf16.Decode(units)), "\ufeff")
}

// fromWindows1252 decodes the blanks, quotes and dashes of that encoding in a text that is not UTF-8.
func fromWindows1252(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	return windows1252.Replace(text)
}

// windows1252 has what word processors put into a text.
var windows1252 = strings.NewReplacer("\xa0", " ", "\x91", "'", "\x92", "'", "\x93", `"`, "\x94", `"`, "\x96", "-", "\x97", "-", "\xad", "")

func fromPercent(found string) string {
	// What was encoded several times has 25, which stands for the percent sign, before the rest.
	text, err := url.PathUnescape("%" + found[len(found)-2:])
	if err != nil {
		return found
	}
	return text
}

func fromHTML(found string) string {
	if strings.HasPrefix(found, "<") {
		return "\n"
	}
	// What was escaped several times has amp; before the rest.
	return html.UnescapeString("&" + strings.ReplaceAll(found[1:], "amp;", ""))
}

func fromHex(digits string) string {
	bytes, err := hex.DecodeString(digits)
	if err != nil {
		return ""
	}
	return string(bytes)
}

// fromEscape decodes \u000a, \x0a and \012.
func fromEscape(found string) string {
	digits := strings.TrimLeft(found, `\`)
	switch digits[0] {
	case 'u', 'x':
		code, err := strconv.ParseInt(digits[1:], 16, 32)
		if err != nil {
			return found
		}
		return string(rune(code))
	}
	return "\n"
}
