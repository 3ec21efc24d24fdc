package cli

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/secret"
)

// anyKeyID stands for the key ID where only the private key is looked at.
const anyKeyID = "any"

func (e *examination) checkPrivateKey(context.Context) finding {
	s := &e.settings
	switch {
	case s.path != "" && s.pem != "":
		return unchecked("two private keys are given")
	case s.store.dir != "" && s.pem == "":
		return unchecked("the store gives no private key")
	case s.path != "":
		return e.checkPrivateFile()
	case s.pem != "":
		return e.inspect([]byte(s.pem))
	}
	return unchecked("no private key is given")
}

// checkPrivateFile looks at the key also if the library refuses the file for its mode: that is
// the next check's finding.
func (e *examination) checkPrivateFile() finding {
	s := &e.settings
	_, err := wrapper.LoadCredentials(anyKeyID, s.path)
	switch problemOf(err) {
	case wrapper.ProblemKeyAsPath:
		return problem(exitUsage, s.privateFrom+" holds a private key where a path belongs",
			"Write the key to a file: kalshi-keys doctor --mend FILE, with the key in "+wrapper.EnvPrivateKey+
				" and "+wrapper.EnvPrivateKeyPath+" unset")
	case wrapper.ProblemFileUnreadable, wrapper.ProblemNotRegularFile:
		text, advice := explain(err)
		return problem(exitUsage, text, advice)
	case wrapper.ProblemFileMode:
		s.modeErr = err
	}
	private, err := readPrivateFile(s.path)
	if err != nil {
		return problem(exitUsage, err.Error(), "Check the path and who owns the file")
	}
	return e.inspect(private)
}

// readPrivateFile reads one byte more than a private key may have at most, so that the library
// sees what is too large.
func readPrivateFile(path string) ([]byte, error) {
	const limit = 64<<10 + 1
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	return io.ReadAll(io.LimitReader(file, limit))
}

func (e *examination) inspect(private []byte) finding {
	report, err := wrapper.InspectPrivateKey(private)
	if err != nil {
		text, advice := explain(err)
		return problem(exitUsage, strings.TrimPrefix(text, "private key: "), advice)
	}
	credentials, err := wrapper.NewCredentials(anyKeyID, private)
	if err != nil {
		text, advice := explain(err)
		return problem(exitUsage, text, advice)
	}
	e.settings.signer = credentials.Signer()
	kind := fmt.Sprintf("%s key of %d bits, %s", kindName(report.Type), report.Bits, report.Format)
	if len(report.Repairs) == 0 {
		return fine(kind)
	}
	return warning(kind+", though it had to be repaired: "+strings.Join(report.Repairs, "; "),
		"Other programs may not read it so. Write it anew: "+e.mendCommand())
}

func kindName(kind gen.KeyType) string {
	if kind == gen.KeyTypeRSA {
		return "RSA"
	}
	return "Ed25519"
}

func (e *examination) mendCommand() string {
	if e.settings.privateFrom == "--private-key-file" {
		return "kalshi-keys doctor --private-key-file " + shellWord(e.settings.path) + " --mend kalshi-private.pem"
	}
	return "kalshi-keys doctor --mend kalshi-private.pem, then set " + wrapper.EnvPrivateKeyPath + " to that file"
}

// shellWord returns text as one word of a POSIX shell.
func shellWord(text string) string {
	if strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-") == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

func (e *examination) checkFileMode(context.Context) finding {
	s := &e.settings
	switch {
	case s.store.dir != "" && s.store.problem == nil:
		return fine("nobody but its owner may use the store")
	case s.path == "" || s.pem != "":
		return unchecked("the private key is not read from a file")
	case s.modeErr != nil:
		text, advice := explain(s.modeErr)
		return problem(exitUsage, text, advice)
	case s.signer == nil:
		return unchecked("the private key could not be read")
	case runtime.GOOS == "windows":
		return unchecked("on Windows the mode does not say who may read a file")
	}
	return fine("nobody but its owner may use the file")
}

// mend writes the private key to a new file that only its owner can use.
func (e *examination) mend() finding {
	path, signer := string(e.flags.mend), e.settings.signer
	if signer == nil {
		return unchecked("the private key could not be read")
	}
	der, err := x509.MarshalPKCS8PrivateKey(signer)
	if err != nil {
		return problem(exitFailure, "the private key cannot be written as PKCS#8", "Copy the key again")
	}
	file, err := e.reserve(path)
	if err != nil {
		return problem(exitUsage, err.Error(), "Give --mend the path of a file that does not exist yet")
	}
	clean := secret.NewPEM(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	if err := file.keep(clean); err != nil {
		_ = file.discard() // what counts is that the key was not kept
		return problem(exitFailure, err.Error(), "Give --mend a path on another disk")
	}
	return finding{
		Status: statusOK, Text: "the private key is in " + path + ", as clean PEM and for its owner only",
		Advice: "Set " + wrapper.EnvPrivateKeyPath + " to its path, unset " + wrapper.EnvPrivateKey + ", and delete the old copy",
	}
}
