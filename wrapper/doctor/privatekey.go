package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/secret"
)

// anyKeyID stands for the key ID where only the private key is looked at.
const anyKeyID = "any"

func (e *examination) checkPrivateKey(context.Context) Check {
	switch {
	case e.path.value != "" && e.pem.value != "":
		return unchecked("two private keys are given")
	case e.path.value != "":
		return e.checkPrivateFile()
	case e.pem.value != "":
		return e.inspect([]byte(e.pem.value))
	case e.CurrentKey != nil:
		return unchecked("the store gives no private key")
	}
	return unchecked("no private key is given")
}

// checkPrivateFile also looks at the key in a file that the library refuses for its mode. The mode
// is the next check's.
func (e *examination) checkPrivateFile() Check {
	var private []byte
	_, err := wrapper.LoadCredentials(anyKeyID, e.path.value)
	if errors.Is(err, wrapper.ErrInsecure) {
		e.modeErr, err = err, nil
	}
	if err == nil {
		private, err = readPrivateFile(e.path.value)
	}
	if err != nil {
		text, advice := explain(err)
		return unusable(e.path.from+": "+text, advice)
	}
	return e.inspect(private)
}

// readPrivateFile reads one byte more than a private key may have, so that the library sees what is
// too large.
func readPrivateFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	return io.ReadAll(io.LimitReader(file, 64<<10+1))
}

// adviceForRSA is for a key that works.
const adviceForRSA = "Nothing has to be done. With Ed25519 a call costs about a seventh: kalshi-keys rotate --type ed25519 moves a key " +
	"in a store there. Stay with RSA if the TypeScript SDK 3.30.0 uses the key: it cannot use Ed25519"

func (e *examination) inspect(private []byte) Check {
	report, err := wrapper.InspectPrivateKey(private)
	if err == nil {
		e.credentials, err = wrapper.NewCredentials(e.usableID, private)
	}
	if err != nil {
		return unusable(explain(err))
	}
	names := map[gen.KeyType]string{gen.KeyTypeRSA: "RSA", gen.KeyTypeEd25519: "Ed25519"}
	kind := fmt.Sprintf("%s key of %d bits, %s", names[report.Type], report.Bits, report.Format)
	if len(report.Repairs) == 0 {
		made := fine(kind)
		if report.Type == gen.KeyTypeRSA {
			made.Advice = adviceForRSA
		}
		return made
	}
	return warning(kind+", though it had to be repaired: "+strings.Join(report.Repairs, "; "),
		"Other programs may not read it so. Write it anew: kalshi-keys doctor --mend kalshi-private.pem, with the same flags, "+
			"then set "+wrapper.EnvPrivateKeyPath+" to that file")
}

func (e *examination) checkFileMode(context.Context) Check {
	switch {
	case e.CurrentKey != nil && e.pem.value != "":
		return storeAccess(e.Store)
	case e.path.value == "" || e.pem.value != "":
		return unchecked("the private key is not read from a file")
	case e.modeErr != nil:
		return unusable(explain(e.modeErr))
	case e.credentials == nil:
		return unchecked("the private key could not be read")
	case runtime.GOOS == "windows":
		return unchecked("on Windows the mode does not say who may read a file")
	}
	return fileAccess(e.path.value)
}

// fileAccess says who may use a file that the library accepts.
func fileAccess(path string) Check {
	file, err := os.Open(path)
	if err != nil {
		return unchecked("the file cannot be opened any more")
	}
	defer func() { _ = file.Close() }()
	access, err := secret.FileAccess(file, path)
	if err != nil {
		return unchecked("the system does not say who may use the file")
	}
	if access.Shared != "" {
		return fine("accepted: " + access.Shared)
	}
	return fine("only its owner may use the file")
}

// storeAccess does the same for a store, which was read: it is not what others may use.
func storeAccess(dir string) Check {
	if strings.Contains(dir, "://") {
		return fine("the store is on a server, and sealed")
	}
	if info, err := os.Stat(dir); err == nil {
		if access := secret.StoreAccess(info, dir); access.Shared != "" {
			return fine("accepted: " + access.Shared)
		}
	}
	return fine("only its owner may use the store")
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
	if e.credentials == nil {
		return unchecked("the private key could not be read")
	}
	private, err := keystore.PrivateKeyPEM(e.credentials.Signer())
	if err != nil {
		return unusable(explain(err))
	}
	file, err := e.Create(e.Mend)
	if err != nil {
		return unusable(err.Error(), "Give --mend the path of a file that does not exist yet")
	}
	if err := file.Keep([]byte(private.RevealPrivateKey())); err != nil {
		return problem(err, errors.Join(err, file.Discard()).Error(), "Give --mend a path on another disk")
	}
	return Check{
		Status: StatusOK, Text: "the private key is in " + e.Mend + ", as clean PEM that only its owner may read",
		Advice: "Set " + wrapper.EnvPrivateKeyPath + " to its path, unset " + wrapper.EnvPrivateKey + ", and delete the old copy",
	}
}
