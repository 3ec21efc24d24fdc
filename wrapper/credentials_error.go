package wrapper

import (
	"strconv"
	"strings"
	"unicode"
)

// CredentialsProblem names what is wrong with credentials: missing, conflict, key_id,
// path, file_unreadable, file_mode, not_regular_file, key_as_path, too_large, empty, not_pem, truncated,
// damaged, several_keys, encrypted, public_key, certificate, certificate_request, openssh_key,
// ec_key, key_type, weak_rsa, private_key or signer.
type CredentialsProblem string

// Problems that a program can do something about.
const (
	// ProblemKeyID: the key ID is empty or holds characters that no key ID has.
	ProblemKeyID CredentialsProblem = "key_id"
	// ProblemPath: the text is not the path that was meant, as [protocol.CleanPath] says.
	ProblemPath CredentialsProblem = "path"
	// ProblemFileUnreadable: the file could not be opened or read. The system's error is in the
	// chain, so errors.Is(err, fs.ErrNotExist) works.
	ProblemFileUnreadable CredentialsProblem = "file_unreadable"
	// ProblemFileMode: others than the owner may use the file, and no platform provides it so. The
	// error is also [ErrInsecure].
	ProblemFileMode CredentialsProblem = "file_mode"
	// ProblemNotRegularFile: the path leads to a directory, a pipe or a device.
	ProblemNotRegularFile CredentialsProblem = "not_regular_file"
	// ProblemKeyAsPath: a private key was given where a path belongs.
	ProblemKeyAsPath CredentialsProblem = "key_as_path"
)

const (
	otherKeyHint = "Use an RSA key of at least 2048 bits or an Ed25519 key: generate one at the service, or make one with `openssl genpkey -algorithm ed25519` and register its public half"
	copyHint     = "Copy the private key again, from its BEGIN line to its END line; no part of it can be guessed"
	cutOffHint   = "An env file ends a value at the end of its line. Give the path of the key's file in " + EnvPrivateKeyPath +
		", or the key in one line with \\n for each line break: awk '{printf \"%s\\\\n\", $0}' FILE"
	privateHint = "Give the private key that was saved when the API key was made: a PEM whose type is PRIVATE KEY or RSA PRIVATE KEY"
)

// problem says what is wrong with credentials and what to do about it; nil stands for sound ones.
// Its texts are constant, so they cannot hold a byte of a key.
type problem struct {
	name       CredentialsProblem
	what, hint string
}

// notAKey is the problem of a text that stands for a key elsewhere.
func notAKey(what string) *problem {
	return &problem{"not_pem", what, "Have it replaced by the private key itself, or give the path of its file in " + EnvPrivateKeyPath}
}

// otherFile is the problem of a file in which a key may be, for another program.
func otherFile(what, command string) *problem {
	hint := privateHint
	if command != "" {
		hint = "Convert it first: " + command
	}
	return &problem{"not_pem", "this is " + what, hint}
}

// The problems follow from the formats, except that refusing RSA keys under 2048 bits is our own
// choice: the service makes keys of 2048 bits (source: published).
var (
	problemNoKeyID            = &problem{"missing", "not given", "Set it to the ID of the API key"}
	problemNoPath             = &problem{"missing", "not given", "Give the path of the private key file"}
	problemNoKey              = &problem{"missing", "not given", "Set the first to the path of the private key file, or the second to the private key in PEM"}
	problemConflict           = &problem{"conflict", "more than one private key is given", "Set one of the two and unset the other"}
	problemKeyID              = &problem{ProblemKeyID, "not a key ID", "Give the API key's ID as the service shows it, such as 0190a5f2-6c1e-4d0e-9b7a-2f6f0f6f8a11, with nothing around it"}
	problemPath               = &problem{ProblemPath, "not the path that was meant", ""}
	problemFileUnreadable     = &problem{ProblemFileUnreadable, "the file cannot be read", "Check the path and who owns the file"}
	problemFileMode           = &problem{ProblemFileMode, "others than the owner may use the private key file", ""}
	problemNotRegularFile     = &problem{ProblemNotRegularFile, "not a regular file", "Give the path of the file that holds the private key"}
	problemKeyAsPath          = &problem{ProblemKeyAsPath, "this is a private key where a path belongs", "Write the key to a file of mode 0600 and give its path, or give the key itself in " + EnvPrivateKey}
	problemTooLarge           = &problem{"too_large", "larger than 64 KiB, so not a private key", privateHint}
	problemEmpty              = &problem{"empty", "empty", privateHint}
	problemNotPEM             = &problem{"not_pem", "no private key in PEM form found", privateHint}
	problemKeyIDAsKey         = notAKey("this is the ID of an API key, not its private key")
	problemReference          = notAKey("this is a reference to a secret elsewhere, which nothing has followed")
	problemAddress            = notAKey("this looks like a reference to a secret elsewhere, which nothing has followed")
	problemVariable           = notAKey("this is a variable or a template, which nothing has filled in")
	problemPlaceholder        = notAKey("this is a placeholder")
	problemPathAsKey          = &problem{"not_pem", "this is a path, not a private key", "Give it in " + EnvPrivateKeyPath + " instead"}
	problemCutOff             = &problem{"truncated", "only the beginning of the first line arrived: what the key went through cut it there", cutOffHint}
	problemOtherPEM           = &problem{"not_pem", "this is PEM, but of something else than a private key", privateHint}
	problemPrivateKey         = &problem{"private_key", "this is a private key", "Keep it, and give its public half: openssl pkey -in FILE -pubout"}
	problemTruncated          = &problem{"truncated", "the private key is truncated", copyHint}
	problemDamaged            = &problem{"damaged", "the private key is damaged", copyHint}
	problemSeveralKeys        = &problem{"several_keys", "more than one private key found", "Keep only the private key that belongs to the key ID"}
	problemEncrypted          = &problem{"encrypted", "the private key is encrypted", "Decrypt it to a file that only you can read: (umask 077 && openssl pkey -in ENCRYPTED.pem -out PRIVATE.pem)"}
	problemPublicKey          = &problem{"public_key", "this is a public key", privateHint}
	problemCertificate        = &problem{"certificate", "this is a certificate", privateHint}
	problemCertificateRequest = &problem{"certificate_request", "this is a certificate signing request", privateHint}
	problemOpenSSHKey         = &problem{"openssh_key", "this is a key in OpenSSH format that is damaged or of a type that the service does not take", otherKeyHint}
	problemOpenSSHEncrypted   = &problem{"encrypted", "this is a key in OpenSSH format, encrypted by a passphrase", "Remove the passphrase from a copy that only you can read: ssh-keygen -p -N '' -f COPY"}
	problemPKCS12             = &problem{"not_pem", "this is a PKCS#12 file", "Take the key out of it: (umask 077 && openssl pkcs12 -in FILE.p12 -nocerts -noenc -out PRIVATE.pem)"}
	problemECKey              = &problem{"ec_key", "this is an elliptic-curve (ECDSA) key, which the service does not take", otherKeyHint}
	problemKeyType            = &problem{"key_type", "the key is neither RSA nor Ed25519", otherKeyHint}
	problemWeakRSA            = &problem{"weak_rsa", "the RSA key has less than 2048 bits", otherKeyHint}
	problemSigner             = &problem{"signer", "the signer is nil or its public key is unusable", "Pass a crypto.Signer whose Public method returns a *rsa.PublicKey or an ed25519.PublicKey"}
)

// CredentialsError says why credentials could not be made or loaded. It quotes no byte of a
// private key, in no field and in nothing that it wraps. It is not changed after it is returned
// and is safe for concurrent use.
type CredentialsError struct {
	// Problem names what is wrong.
	Problem CredentialsProblem
	// Source says where the value came from: the name of an environment variable, a path, or
	// which argument it was.
	Source string
	// Hint says in plain words what to do.
	Hint string

	what, detail string
	cause        error
}

func newCredentialsError(problem *problem, source string) *CredentialsError {
	return &CredentialsError{Problem: problem.name, Source: source, Hint: problem.hint, what: problem.what}
}

// Error returns one line: where, what is wrong, and what to do.
func (e *CredentialsError) Error() string {
	text := "kalshi: credentials: " + legible(e.Source) + ": " + e.what
	if e.detail != "" {
		text += " (" + e.detail + ")"
	}
	if e.Hint != "" {
		text += ". " + e.Hint
	}
	return text
}

// Unwrap returns [ErrInsecure] for [ProblemFileMode], the system's error for
// [ProblemFileUnreadable], and nil otherwise.
func (e *CredentialsError) Unwrap() error { return e.cause }

// legible returns text as it is, or quoted if it holds anything that a terminal would obey.
func legible(text string) string {
	if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(text)
	}
	return text
}
