package doctor

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
)

// anyKeyID stands for the key ID where only the private key is looked at.
const anyKeyID = "any"

func (e *examination) checkPrivateKey(context.Context) Check {
	switch {
	case e.path.value != "" && e.pem.value != "":
		return unchecked("two private keys are given")
	case e.CurrentKey != nil && e.pem.value == "":
		return unchecked("the store gives no private key")
	case e.path.value != "":
		return e.checkPrivateFile()
	case e.pem.value != "":
		return e.inspect([]byte(e.pem.value))
	}
	return unchecked("no private key is given")
}

// checkPrivateFile also looks at the key in a file that the library refuses for its mode. The mode
// is the next check's.
func (e *examination) checkPrivateFile() Check {
	_, err := wrapper.LoadCredentials(anyKeyID, e.path.value)
	switch problemOf(err) {
	case wrapper.ProblemKeyAsPath:
		return problem(ErrSettings, e.path.from+" holds a private key where a path belongs",
			"Write the key to a file: kalshi-keys doctor --mend FILE, with the key in "+wrapper.EnvPrivateKey+
				" and "+wrapper.EnvPrivateKeyPath+" unset")
	case wrapper.ProblemFileUnreadable, wrapper.ProblemNotRegularFile:
		return refused(err)
	case wrapper.ProblemFileMode:
		e.modeErr = err
	}
	file, err := os.Open(e.path.value)
	if err != nil {
		return problem(ErrSettings, err.Error(), "Check the path and who owns the file")
	}
	defer func() { _ = file.Close() }()
	// One byte more than the library accepts, so that it sees what is too large.
	private, err := io.ReadAll(io.LimitReader(file, 64<<10+1))
	if err != nil {
		return problem(ErrSettings, err.Error(), "Check the path and who owns the file")
	}
	return e.inspect(private)
}

func (e *examination) inspect(private []byte) Check {
	credentials, err := wrapper.NewCredentials(anyKeyID, private)
	if err != nil {
		return refused(err)
	}
	report, err := wrapper.InspectPrivateKey(private)
	if err != nil {
		return refused(err)
	}
	e.signer = credentials.Signer()
	names := map[gen.KeyType]string{gen.KeyTypeRSA: "RSA", gen.KeyTypeEd25519: "Ed25519"}
	kind := fmt.Sprintf("%s key of %d bits, %s", names[report.Type], report.Bits, report.Format)
	if len(report.Repairs) == 0 {
		return fine(kind)
	}
	return warning(kind+", though it had to be repaired: "+strings.Join(report.Repairs, "; "),
		"Other programs may not read it so. Write it anew: kalshi-keys doctor --mend kalshi-private.pem, with the same flags, "+
			"then set "+wrapper.EnvPrivateKeyPath+" to that file")
}

func (e *examination) checkFileMode(context.Context) Check {
	switch {
	case e.CurrentKey != nil && e.pem.value != "":
		return fine("only its owner may use the store")
	case e.path.value == "" || e.pem.value != "":
		return unchecked("the private key is not read from a file")
	case e.modeErr != nil:
		return refused(e.modeErr)
	case e.signer == nil:
		return unchecked("the private key could not be read")
	case runtime.GOOS == "windows":
		return unchecked("on Windows the mode does not say who may read a file")
	}
	return fine("only its owner may use the file")
}

// File is a new, empty file that only its owner can use.
type File interface {
	// Keep writes the content and closes the file. The content is durable when Keep returns nil.
	Keep(content []byte) error
	// Discard closes and removes the file.
	Discard() error
}

// mend writes the private key to a new file.
func (e *examination) mend() Check {
	if e.signer == nil {
		return unchecked("the private key could not be read")
	}
	der, err := x509.MarshalPKCS8PrivateKey(e.signer)
	if err != nil {
		return problem(err, "the private key cannot be written as PKCS#8", "Copy the key again")
	}
	file, err := e.Create(e.Mend)
	if err != nil {
		return problem(ErrSettings, err.Error(), "Give --mend the path of a file that does not exist yet")
	}
	if err := file.Keep(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})); err != nil {
		return problem(err, errors.Join(err, file.Discard()).Error(), "Give --mend a path on another disk")
	}
	return Check{
		Status: StatusOK, Text: "the private key is in " + e.Mend + ", as clean PEM that only its owner may read",
		Advice: "Set " + wrapper.EnvPrivateKeyPath + " to its path, unset " + wrapper.EnvPrivateKey + ", and delete the old copy",
	}
}

// problemOf returns the problem that err names, "" if none.
func problemOf(err error) wrapper.CredentialsProblem {
	if refused, ok := errors.AsType[*wrapper.CredentialsError](err); ok {
		return refused.Problem
	}
	return ""
}
