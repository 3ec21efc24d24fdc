package wrapper

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"regexp"
	"slices"
	"strings"
)

// armourLabel is a row of armourLabels.
type armourLabel struct {
	text    string
	problem *problem
}

// armourLabels lists the labels of PEM armour (its BEGIN and END lines) and the problem that each
// stands for. A label without a problem may hold a usable private key; the bytes decide.
var armourLabels = []armourLabel{
	{"RSA PRIVATE KEY", nil},
	{"PRIVATE KEY", nil},
	{"EC PRIVATE KEY", problemECKey},
	{"DSA PRIVATE KEY", problemKeyType},
	{"ENCRYPTED PRIVATE KEY", problemEncrypted},
	{"OPENSSH PRIVATE KEY", problemOpenSSHKey},
	{"SSH2 PUBLIC KEY", problemPublicKey},
	{"RSA PUBLIC KEY", problemPublicKey},
	{"PUBLIC KEY", problemPublicKey},
	{"EC PARAMETERS", problemECKey},
	{"NEW CERTIFICATE REQUEST", problemCertificateRequest},
	// Stands before CERTIFICATE, because it begins with it.
	{"CERTIFICATE REQUEST", problemCertificateRequest},
	{"TRUSTED CERTIFICATE", problemCertificate},
	{"X509 CERTIFICATE", problemCertificate},
	{"CERTIFICATE", problemCertificate},
}

// armourPattern finds BEGIN and END lines, also without their dashes, spaces or line breaks.
var armourPattern = func() *regexp.Regexp {
	var labels []string
	for _, label := range armourLabels {
		labels = append(labels, "("+strings.ReplaceAll(label.text, " ", `[\s+_]*`)+")")
	}
	return regexp.MustCompile(`[-‐-―−]*[ \t]*(BEGIN|END)[\s+_]*(?:` + strings.Join(labels, "|") + `)[ \t]*[-‐-―−]*`)
}()

// sshPublicKey finds the one-line public keys of OpenSSH.
var sshPublicKey = regexp.MustCompile(`^(?:ssh-|ecdsa-sha2-|sk-)\S+\s+(AAAA\S*)`)

// sshHeaders finds the headers of a public key in the form of RFC 4716.
var sshHeaders = regexp.MustCompile(`(?m)^[A-Za-z-]+:.*$`)

// pemRepair is one run from text to DER. It collects what had to be repaired.
type pemRepair struct {
	// public is set to look for a public key.
	public  bool
	repairs []string
	// layers is how many layers of base64 around a text were removed.
	layers int
}

// maxLayers is our own choice: a secret that two tools have encoded has two.
const maxLayers = 3

// wellFormed returns the DER bytes of a private key that needs no repair, as nearly all do, and nil
// for any other text. To look for repairs takes longer than to parse a key.
func wellFormed(text string) []byte {
	var value asn1.RawValue
	if block, _ := pem.Decode([]byte(text)); block != nil && len(block.Headers) == 0 && string(pem.EncodeToMemory(block)) == text &&
		(block.Type == "RSA PRIVATE KEY" || block.Type == "PRIVATE KEY") &&
		fits(block.Bytes, &value) && len(value.FullBytes) == len(block.Bytes) {
		return block.Bytes
	}
	return nil
}

// der returns the DER bytes of the one private key in text.
func (r *pemRepair) der(text string) ([]byte, *problem) {
	if der := wellFormed(text); der != nil && !r.public {
		return der, nil
	}
	// What looks like a line break at its end may be a part of it.
	data := []byte(text)
	for end := len(data); end >= len(bytes.TrimRight(data, "\r\n")); end-- {
		if isDER(data[:end]) {
			r.note("read DER, the binary form", true)
			return data[:end], nil
		}
	}
	text, problem := r.clean(text)
	switch {
	case problem != nil:
		return nil, problem
	case text == "" && r.layers == 0:
		return nil, problemEmpty
	}
	blocks := r.split(text)
	if len(blocks) == 0 {
		return r.unarmoured(text)
	}
	return r.choose(blocks)
}

func (r *pemRepair) note(what string, happened bool) {
	if happened && !slices.Contains(r.repairs, what) {
		r.repairs = append(r.repairs, what)
	}
}

// clean goes through the forms of keys, and ends at the first that is none.
func (r *pemRepair) clean(text string) (string, *problem) {
	for _, form := range keyForms() {
		cleaned, found := form.apply(text)
		if found && form.problem != nil {
			return "", form.problem
		}
		r.note(form.what, found)
		text = cleaned
	}
	return strings.TrimSpace(text), nil
}

// armourLine is a BEGIN or END line: its place in a text and its label.
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

// armouredBlock is the text between a BEGIN and an END line, or beside the only one of the two.
type armouredBlock struct {
	label armourLabel
	body  string
}

// split returns the blocks of text, none if it has no armour. The text between two armour lines is
// a block if the first line begins it or the second line ends it.
func (r *pemRepair) split(text string) []armouredBlock {
	var blocks []armouredBlock
	var around strings.Builder
	var previous armourLine
	for _, line := range append(r.armour(text), armourLine{start: len(text), begins: true}) {
		between := text[previous.end:line.start]
		switch {
		case previous.begins:
			blocks = append(blocks, armouredBlock{previous.label, between})
			r.note("added the missing END line", line.begins)
		case !line.begins:
			blocks = append(blocks, armouredBlock{line.label, between})
			r.note("added the missing BEGIN line", true)
		default:
			around.WriteString(between)
		}
		previous = line
	}
	r.note(textAround, len(blocks) > 0 && strings.TrimSpace(around.String()) != "")
	return blocks
}

// textAround is what is noted where only a part of a text is a key.
const textAround = "left out the text around the key"

// choose returns the DER bytes of the one key that is looked for, which may be there several times.
func (r *pemRepair) choose(blocks []armouredBlock) ([]byte, *problem) {
	label := "PRIVATE KEY"
	if r.public {
		label = "PUBLIC KEY"
	}
	keys := slices.DeleteFunc(slices.Clone(blocks), func(b armouredBlock) bool { return !strings.HasSuffix(b.label.text, label) })
	if len(keys) == 0 {
		if strings.HasSuffix(blocks[0].label.text, "PRIVATE KEY") {
			return nil, problemPrivateKey
		}
		return nil, blocks[0].label.problem
	}
	var chosen []byte
	for _, key := range keys {
		der, problem := r.block(key)
		switch {
		case problem != nil && len(keys) > 1:
			return nil, problemSeveralKeys
		case problem != nil:
			return nil, problem
		case chosen != nil && !r.isSame(der, chosen):
			return nil, problemSeveralKeys
		}
		chosen = der
	}
	r.note("left out copies of the key", len(keys) > 1)
	r.note(textAround, len(blocks) > len(keys))
	return chosen, nil
}

// isSame reports whether two keys are one, also in two structures.
func (r *pemRepair) isSame(a, b []byte) bool {
	first, second := r.publicHalf(a), r.publicHalf(b)
	return bytes.Equal(a, b) || first != nil && second != nil && isSameKey(first, second)
}

// publicHalf returns the public key of a key of the kind that is looked for, nil if it cannot be read.
func (r *pemRepair) publicHalf(der []byte) crypto.PublicKey {
	if r.public {
		key, _ := parsePublicKey(der) // nil beside an error
		return key
	}
	trial := pemRepair{}
	key, _, _ := trial.parse(der)
	if key == nil {
		return nil
	}
	return key.Public()
}

// block returns the DER bytes of a key in its block.
func (r *pemRepair) block(b armouredBlock) ([]byte, *problem) {
	switch {
	case strings.Contains(b.body, "Proc-Type"), strings.Contains(b.body, "DEK-Info"):
		return nil, problemEncrypted
	case b.label.problem == problemOpenSSHKey:
		return r.openSSH(b.body)
	case b.label.text == "SSH2 PUBLIC KEY" && r.public:
		return r.sshPublic(sshHeaders.ReplaceAllString(b.body, ""))
	case b.label.problem != nil && !r.public:
		return nil, b.label.problem
	case len(b.body) > 1 && strings.Trim(b.body, ".…*xX \n") == "" && strings.TrimSpace(b.body) != "":
		return nil, problemPlaceholder
	}
	return r.decode(b.body)
}

// unarmoured reads a text without any armour: the bare body of a key in base64 or in hexadecimal
// digits, or a whole PEM that was encoded once more.
func (r *pemRepair) unarmoured(text string) ([]byte, *problem) {
	switch found := sshPublicKey.FindStringSubmatch(text); {
	case found != nil && r.public:
		return r.sshPublic(found[1])
	case found != nil:
		return nil, problemPublicKey
	case unknownArmour.MatchString(text):
		return nil, problemOtherPEM
	}
	if decoded, err := hex.DecodeString(hexSeparators.Replace(text)); err == nil && (isDER(decoded) || bytes.HasPrefix(decoded, []byte("--"))) {
		r.note("decoded hexadecimal digits", true)
		return r.der(string(decoded))
	}
	bytes, ok := decodeBase64(urlAlphabet.Replace(text))
	switch {
	case !ok || len(bytes) == 0:
		return nil, problemNotPEM
	case bytes[0] == derSequence:
		r.note("added the missing BEGIN and END lines", true)
		return r.decode("\n" + text + "\n")
	case r.layers == maxLayers:
		return nil, problemNotPEM
	}
	r.layers++
	r.note("decoded the outer of two layers of base64", true)
	return r.der(string(bytes))
}

var (
	// hexSeparators removes what tools put between hexadecimal digits.
	hexSeparators = strings.NewReplacer("0x", "", ":", "", ",", "", " ", "", "\n", "")
	// urlAlphabet turns base64url into base64.
	urlAlphabet = strings.NewReplacer("-", "+", "_", "/")
	// unknownArmour finds the BEGIN line of a PEM whose label is not in armourLabels.
	unknownArmour = regexp.MustCompile(`-{2,} ?BEGIN [A-Z0-9 ]+-`)
)

// derSequence is the first byte of every key in DER.
const derSequence = 0x30

// wholeLines finds a body as tools write it between the armour: RFC 7468 and RFC 1421 have lines of
// 64 characters, MIME has 76.
var wholeLines = regexp.MustCompile(`^\n(\S{0,76}\n)*$`)

func (r *pemRepair) decode(body string) ([]byte, *problem) {
	der, problem := r.decodeAsIs(body)
	if problem == nil || problem == problemTruncated && strings.TrimSpace(body) == "" {
		return der, problem
	}
	for _, mend := range bodyRepairs {
		trial := pemRepair{public: r.public}
		if der, err := trial.decodeAsIs(mend.repair(body)); err == nil && trial.isKey(der) {
			r.note(mend.what, true)
			r.repairs = append(r.repairs, trial.repairs...)
			return der, nil
		}
	}
	return nil, problem
}

// bodyRepairs undo what happens to the base64 of a key. Whether that is what has happened shows only
// when a whole key comes out.
var bodyRepairs = []struct {
	what   string
	repair func(body string) string
}{
	{"turned what stood for line breaks into line breaks", withoutSeparators},
	{"turned spaces into the plus signs that they were", func(body string) string { return strings.ReplaceAll(strings.Trim(body, " \n"), " ", "+") }},
	{"turned base64url into base64", urlAlphabet.Replace},
}

// lineLength is that of the lines of a PEM (source: RFC 7468).
const lineLength = 64

// withoutSeparators removes what is left of line breaks, such as the n of \n or a comma: the same characters
// at the beginning of the body, after each 64 others, and at its end.
func withoutSeparators(body string) string {
	text := strings.Join(strings.Fields(body), "")
	const longest = len("<newline>")
	for length := range min(longest, len(text)) {
		separator := text[:length+1]
		var whole strings.Builder
		rest, ok := text, true
		for ok && len(rest) > len(separator) {
			if rest, ok = strings.CutPrefix(rest, separator); ok {
				line := rest[:min(lineLength, len(strings.TrimSuffix(rest, separator)))]
				whole.WriteString(line + "\n")
				rest = rest[len(line):]
			}
		}
		if ok && rest == separator {
			return "\n" + whole.String()
		}
	}
	return body
}

// isKey reports whether der is a key of the kind that is looked for, usable or not.
func (r *pemRepair) isKey(der []byte) bool {
	if r.public {
		return parses(parsePublicKey, der)
	}
	return parses(x509.ParsePKCS1PrivateKey, der) || parses(x509.ParsePKCS8PrivateKey, der)
}

func (r *pemRepair) decodeAsIs(body string) ([]byte, *problem) {
	oneLine := strings.Join(strings.Fields(body), "")
	if oneLine == "" {
		return nil, problemTruncated
	}
	der, ok := decodeBase64(oneLine)
	if !ok || len(der) > 0 && der[0] != derSequence {
		return nil, problemDamaged
	}
	rest, err := asn1.Unmarshal(der, new(asn1.RawValue))
	if err != nil {
		return nil, problemTruncated
	}
	if len(rest) > 0 || len(strings.TrimRight(oneLine, "="))%4 == 1 {
		return nil, problemDamaged
	}
	r.note("restored the line breaks", !wholeLines.MatchString(body))
	r.note("restored the padding", len(oneLine)%4 != 0)
	return der, nil
}

// isDER reports whether data is one whole value in DER, a sequence as all keys are.
func isDER(data []byte) bool {
	rest, err := asn1.Unmarshal(data, new(asn1.RawValue))
	return err == nil && len(rest) == 0 && data[0] == derSequence
}

// decodeBase64 decodes text with whatever white space and padding it has. A single
// character in the last group is less than a byte, and is left out.
func decodeBase64(text string) ([]byte, bool) {
	text = strings.TrimRight(strings.Join(strings.Fields(text), ""), "=")
	if len(text)%4 == 1 {
		text = text[:len(text)-1]
	}
	bytes, err := base64.RawStdEncoding.DecodeString(text)
	return bytes, err == nil
}

// looksLikePrivateKey reports whether text, given where an ID or a path belongs, may hold key
// material and must not be repeated: it has armour, spans lines, is a long base64 text that begins as keys
// and as encoded armour do, or is a key in any other form that is read, whole or not.
func looksLikePrivateKey(text string) bool {
	if armourPattern.MatchString(text) || strings.ContainsAny(text, "\r\n") {
		return true
	}
	const shortestKey = 48 // An Ed25519 key in PKCS#8.
	bytes, ok := decodeBase64(text)
	if ok && len(bytes) >= shortestKey && (bytes[0] == derSequence || bytes[0] == '-') {
		return true
	}
	if len(text) < shortestKey {
		return false
	}
	_, _, problem := readPrivateKey(text)
	return problem == nil || problem.name != problemNotPEM.name && problem != problemEmpty
}
