package wrapper

import (
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"regexp"
	"slices"
	"strings"
)

// textRepairs undo what shells, editors, dotenv files and JSON do to a text, in this order. They
// leave every character of a key's base64 as it is.
var textRepairs = []struct {
	what, with string
	find       *regexp.Regexp
}{
	{"removed a byte order mark or invisible characters", "", regexp.MustCompile(`[\x{feff}\x{200b}-\x{200d}\x{2060}]`)},
	{"turned escaped line breaks into line breaks", "\n", regexp.MustCompile(`\\+r\\+n|\\+[rn]`)},
	{"removed quotes and backslashes", "", regexp.MustCompile("[\"'`“”‘’\\\\]")},
	{"turned carriage returns into line breaks", "\n", regexp.MustCompile(`\r\n?`)},
	{"removed indentation and trailing spaces", "", regexp.MustCompile(`(?m)^[\t\f\v\pZ]+|[\t\f\v\pZ]+$`)},
}

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

// wellFormed returns the DER bytes of a text that needs no repair, as nearly all do, and nil for any
// other. To look for repairs takes longer than to parse a key.
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
	if der := wellFormed(text); der != nil {
		return der, nil
	}
	text = r.clean(text)
	if text == "" {
		return nil, problemEmpty
	}
	blocks := r.split(text)
	if len(blocks) == 0 {
		return r.unarmoured(text)
	}
	block, problem := r.choose(blocks)
	if problem != nil {
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
	r.note("left out the text around the key", len(blocks) > 0 && strings.TrimSpace(around.String()) != "")
	return blocks
}

// choose returns the one block with a private key.
func (r *pemRepair) choose(blocks []armouredBlock) (armouredBlock, *problem) {
	keys := slices.DeleteFunc(slices.Clone(blocks), func(b armouredBlock) bool { return !strings.HasSuffix(b.label.text, "PRIVATE KEY") })
	switch {
	case len(keys) == 0:
		return armouredBlock{}, blocks[0].label.problem
	case len(keys) > 1:
		return armouredBlock{}, problemSeveralKeys
	case strings.Contains(keys[0].body, "Proc-Type"), strings.Contains(keys[0].body, "DEK-Info"):
		return armouredBlock{}, problemEncrypted
	}
	r.note("left out the text around the key", len(blocks) > 1)
	return keys[0], keys[0].label.problem
}

// unarmoured reads a text without any armour: the bare base64 body of a key, or a whole PEM
// that was encoded once more.
func (r *pemRepair) unarmoured(text string) ([]byte, *problem) {
	if sshPublicKey.MatchString(text) {
		return nil, problemPublicKey
	}
	bytes, ok := decodeBase64(text)
	switch {
	case !ok || len(bytes) == 0:
		return nil, problemNotPEM
	case bytes[0] == derSequence:
		r.note("added the missing BEGIN and END lines", true)
		return r.decode("\n" + text + "\n")
	case r.nested:
		return nil, problemNotPEM
	}
	r.nested = true
	r.note("decoded the outer of two layers of base64", true)
	return r.der(string(bytes))
}

// derSequence is the first byte of every key in DER.
const derSequence = 0x30

// wholeLines finds a body as tools write it between the armour: RFC 7468 and RFC 1421 have lines of
// 64 characters, MIME has 76.
var wholeLines = regexp.MustCompile(`^\n(\S{0,76}\n)*$`)

func (r *pemRepair) decode(body string) ([]byte, *problem) {
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
