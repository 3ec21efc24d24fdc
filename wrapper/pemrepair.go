package wrapper

import (
	"encoding/asn1"
	"encoding/base64"
	"regexp"
	"slices"
	"strings"
)

// textRepairs undo what shells, editors, dotenv files and JSON do to a text, in this order. None
// of them touches a character of base64 that belongs to a key.
var textRepairs = []struct {
	what, with string
	find       *regexp.Regexp
}{
	{what: "removed a byte order mark or invisible characters", with: "",
		find: regexp.MustCompile(`[\x{feff}\x{200b}-\x{200d}\x{2060}]`)},
	{what: "turned escaped line breaks into line breaks", with: "\n",
		find: regexp.MustCompile(`\\+r\\+n|\\+[rn]`)},
	{what: "removed quotes and backslashes", with: "",
		find: regexp.MustCompile("[\"'`“”‘’\\\\]")},
	{what: "turned carriage returns into line breaks", with: "\n",
		find: regexp.MustCompile(`\r\n?`)},
	{what: "removed indentation and trailing spaces", with: "",
		find: regexp.MustCompile(`(?m)^[\t\f\v\pZ]+|[\t\f\v\pZ]+$`)},
}

// armourLabel is a row of armourLabels.
type armourLabel struct {
	text    string
	problem CredentialsProblem
}

func (l armourLabel) private() bool { return strings.HasSuffix(l.text, "PRIVATE KEY") }

// armourLabels lists what PEM armour may announce and the problem that it is. Labels without a
// problem may hold a usable private key: whether they do, their bytes decide.
var armourLabels = []armourLabel{
	{"RSA PRIVATE KEY", ""},
	{"PRIVATE KEY", ""},
	{"EC PRIVATE KEY", ProblemECKey},
	{"DSA PRIVATE KEY", ProblemKeyType},
	{"ENCRYPTED PRIVATE KEY", ProblemEncrypted},
	{"OPENSSH PRIVATE KEY", ProblemOpenSSHKey},
	{"SSH2 PUBLIC KEY", ProblemPublicKey},
	{"RSA PUBLIC KEY", ProblemPublicKey},
	{"PUBLIC KEY", ProblemPublicKey},
	{"EC PARAMETERS", ProblemECKey},
	{"NEW CERTIFICATE REQUEST", ProblemCertificateRequest},
	// Before CERTIFICATE, with which it begins.
	{"CERTIFICATE REQUEST", ProblemCertificateRequest},
	{"TRUSTED CERTIFICATE", ProblemCertificate},
	{"X509 CERTIFICATE", ProblemCertificate},
	{"CERTIFICATE", ProblemCertificate},
}

// armourPattern finds BEGIN and END lines that have lost dashes, spaces or line breaks.
var armourPattern = func() *regexp.Regexp {
	var labels []string
	for _, label := range armourLabels {
		labels = append(labels, "("+strings.ReplaceAll(label.text, " ", `\s*`)+")")
	}
	return regexp.MustCompile(`[-‐-―−]*[ \t]*(BEGIN|END)\s*(?:` + strings.Join(labels, "|") + `)[ \t]*[-‐-―−]*`)
}()

// sshPublicKey finds the one-line public keys of OpenSSH.
var sshPublicKey = regexp.MustCompile(`^(ssh-|ecdsa-sha2-|sk-)\S+\s+AAAA`)

// pemRepair is one run from text to DER. It collects what had to be repaired.
type pemRepair struct {
	repairs []string
	nested  bool
}

// repairPEM returns the DER bytes of the one private key in text and what had to be repaired to
// find them.
func repairPEM(text string) ([]byte, []string, CredentialsProblem) {
	var r pemRepair
	der, problem := r.der(text)
	return der, r.repairs, problem
}

func (r *pemRepair) der(text string) ([]byte, CredentialsProblem) {
	text = r.clean(text)
	if text == "" {
		return nil, ProblemEmpty
	}
	blocks := r.split(text)
	if len(blocks) == 0 {
		return r.unarmoured(text)
	}
	block, problem := r.choose(blocks)
	if problem != "" {
		return nil, problem
	}
	return r.decode(block.body)
}

func (r *pemRepair) note(what string, happened bool) {
	if happened && !slices.Contains(r.repairs, what) {
		r.repairs = append(r.repairs, what)
	}
}

func (r *pemRepair) clean(text string) string {
	for _, repair := range textRepairs {
		cleaned := repair.find.ReplaceAllLiteralString(text, repair.with)
		r.note(repair.what, cleaned != text)
		text = cleaned
	}
	return strings.TrimSpace(text)
}

// armourLine is a BEGIN or END line, where it stands in a text and what it announces.
type armourLine struct {
	start, end int
	begins     bool
	label      armourLabel
}

func (r *pemRepair) armour(text string) []armourLine {
	var lines []armourLine
	for _, at := range armourPattern.FindAllStringSubmatchIndex(text, -1) {
		word := text[at[2]:at[3]]
		// After the match itself and its first group, there is one group for each label.
		label := armourLabels[slices.IndexFunc(at[4:], func(i int) bool { return i >= 0 })/2]
		lines = append(lines, armourLine{start: at[0], end: at[1], begins: word == "BEGIN", label: label})
		r.note("mended the BEGIN and END lines", text[at[0]:at[1]] != "-----"+word+" "+label.text+"-----")
	}
	return lines
}

// armouredBlock is what stands between a BEGIN and an END line, or beside the one that is left.
type armouredBlock struct {
	label armourLabel
	body  string
}

// split returns the blocks of text, none if it has no armour at all.
func (r *pemRepair) split(text string) []armouredBlock {
	var blocks []armouredBlock
	var around []string
	at := 0
	for lines := r.armour(text); len(lines) > 0; lines = lines[1:] {
		line, before := lines[0], text[at:lines[0].start]
		at = line.end
		if !line.begins {
			r.note("added the missing BEGIN line", true)
			blocks = append(blocks, armouredBlock{line.label, before})
			continue
		}
		around = append(around, before)
		end := len(text)
		if len(lines) > 1 {
			end = lines[1].start
		}
		blocks = append(blocks, armouredBlock{line.label, text[line.end:end]})
		at = end
		if len(lines) > 1 && !lines[1].begins {
			at = lines[1].end
			lines = lines[1:]
		} else {
			r.note("added the missing END line", true)
		}
	}
	if len(blocks) > 0 {
		r.note("left out the text around the key", strings.TrimSpace(strings.Join(around, "")+text[at:]) != "")
	}
	return blocks
}

// choose returns the one block with a private key.
func (r *pemRepair) choose(blocks []armouredBlock) (armouredBlock, CredentialsProblem) {
	var keys []armouredBlock
	for _, block := range blocks {
		if block.label.private() {
			keys = append(keys, block)
		}
	}
	switch len(keys) {
	case 0:
		return armouredBlock{}, blocks[0].label.problem
	case 1:
		r.note("left out the text around the key", len(blocks) > 1)
	default:
		return armouredBlock{}, ProblemSeveralKeys
	}
	key := keys[0]
	if strings.Contains(key.body, "Proc-Type") || strings.Contains(key.body, "DEK-Info") {
		return armouredBlock{}, ProblemEncrypted
	}
	return key, key.label.problem
}

// unarmoured reads a text without any armour: the bare base64 body of a key, or a whole PEM
// that was encoded once more.
func (r *pemRepair) unarmoured(text string) ([]byte, CredentialsProblem) {
	if sshPublicKey.MatchString(text) {
		return nil, ProblemPublicKey
	}
	bytes, ok := decodeBase64(text)
	switch {
	case !ok || len(bytes) == 0:
		return nil, ProblemNotPEM
	case bytes[0] == derSequence:
		r.note("added the missing BEGIN and END lines", true)
		return r.decode("\n" + text + "\n")
	case r.nested:
		return nil, ProblemNotPEM
	}
	r.nested = true
	r.note("decoded the outer of two layers of base64", true)
	return r.der(string(bytes))
}

// derSequence is the first byte of every key in DER.
const derSequence = 0x30

// maxPEMLine is the longest line that tools write between the armour (RFC 7468 and RFC 1421
// have 64, MIME has 76).
const maxPEMLine = 76

func (r *pemRepair) decode(body string) ([]byte, CredentialsProblem) {
	oneLine := strings.Join(strings.Fields(body), "")
	if oneLine == "" {
		return nil, ProblemTruncated
	}
	der, ok := decodeBase64(oneLine)
	if !ok || len(der) > 0 && der[0] != derSequence {
		return nil, ProblemDamaged
	}
	rest, err := asn1.Unmarshal(der, new(asn1.RawValue))
	if err != nil {
		return nil, ProblemTruncated
	}
	if len(rest) > 0 || len(strings.TrimRight(oneLine, "="))%4 == 1 {
		return nil, ProblemDamaged
	}
	r.note("restored the line breaks", !hasPEMLines(body))
	r.note("restored the padding", len(oneLine)%4 != 0)
	return der, ""
}

func hasPEMLines(body string) bool {
	if !strings.HasPrefix(body, "\n") || !strings.HasSuffix(body, "\n") {
		return false
	}
	for line := range strings.Lines(strings.TrimSpace(body)) {
		if len(line) > maxPEMLine+1 || strings.ContainsAny(strings.TrimSpace(line), " \t") {
			return false
		}
	}
	return true
}

// decodeBase64 decodes text with whatever white space and padding it has. Of a last group with a
// single character, which is less than a byte, it decodes nothing.
func decodeBase64(text string) ([]byte, bool) {
	text = strings.TrimRight(strings.Join(strings.Fields(text), ""), "=")
	if len(text)%4 == 1 {
		text = text[:len(text)-1]
	}
	bytes, err := base64.RawStdEncoding.DecodeString(text)
	return bytes, err == nil
}

// looksLikePrivateKey reports whether text, given where an ID or a path belongs, may hold key
// material and must not be repeated: it has armour, spans lines, or is a long base64 text that
// begins as keys and as encoded armour do.
func looksLikePrivateKey(text string) bool {
	if armourPattern.MatchString(text) || strings.ContainsAny(text, "\r\n") {
		return true
	}
	const shortestKey = 48 // An Ed25519 key in PKCS#8.
	bytes, ok := decodeBase64(text)
	return ok && len(bytes) >= shortestKey && (bytes[0] == derSequence || bytes[0] == '-')
}
