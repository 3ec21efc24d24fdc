package wrapper

import (
	"strconv"
	"strings"
	"unicode"
)

// CredentialsProblem names what is wrong with credentials.
type CredentialsProblem string

// The problems of credentials. What is called a problem here follows from the formats; that RSA
// under 2048 bits is refused is our own choice, as the service makes keys of 2048 bits (source:
// published).
const (
	// ProblemMissing: a key ID, a private key or a path was not given at all.
	ProblemMissing CredentialsProblem = "missing"
	// ProblemConflict: two private keys were given where one is needed.
	ProblemConflict CredentialsProblem = "conflict"
	// ProblemKeyID: the key ID is empty or holds characters that no key ID has.
	ProblemKeyID CredentialsProblem = "key_id"
	// ProblemFileUnreadable: the file could not be opened or read. The system's error is in the
	// chain, so errors.Is(err, fs.ErrNotExist) works.
	ProblemFileUnreadable CredentialsProblem = "file_unreadable"
	// ProblemFileMode: others than the owner may use the file. The error is also [ErrInsecure].
	ProblemFileMode CredentialsProblem = "file_mode"
	// ProblemNotRegularFile: the path leads to a directory, a pipe or a device.
	ProblemNotRegularFile CredentialsProblem = "not_regular_file"
	// ProblemKeyAsPath: the path is no path but a private key.
	ProblemKeyAsPath CredentialsProblem = "key_as_path"
	// ProblemTooLarge: there are more than 64 KiB, which no key needs.
	ProblemTooLarge CredentialsProblem = "too_large"
	// ProblemEmpty: there is nothing in the file or the text.
	ProblemEmpty CredentialsProblem = "empty"
	// ProblemNotPEM: no private key in PEM form was found.
	ProblemNotPEM CredentialsProblem = "not_pem"
	// ProblemTruncated: the key stops before its end.
	ProblemTruncated CredentialsProblem = "truncated"
	// ProblemDamaged: there is a key, but characters of it are wrong, added or lost.
	ProblemDamaged CredentialsProblem = "damaged"
	// ProblemSeveralKeys: there is more than one private key.
	ProblemSeveralKeys CredentialsProblem = "several_keys"
	// ProblemEncrypted: the private key is protected by a passphrase.
	ProblemEncrypted CredentialsProblem = "encrypted"
	// ProblemPublicKey: this is a public key.
	ProblemPublicKey CredentialsProblem = "public_key"
	// ProblemCertificate: this is a certificate.
	ProblemCertificate CredentialsProblem = "certificate"
	// ProblemCertificateRequest: this is a certificate signing request.
	ProblemCertificateRequest CredentialsProblem = "certificate_request"
	// ProblemOpenSSHKey: this is a key in a format of OpenSSH.
	ProblemOpenSSHKey CredentialsProblem = "openssh_key"
	// ProblemECKey: this is an elliptic-curve (ECDSA) key.
	ProblemECKey CredentialsProblem = "ec_key"
	// ProblemKeyType: this is a key of another type than RSA and Ed25519.
	ProblemKeyType CredentialsProblem = "key_type"
	// ProblemWeakRSA: the RSA key has less than 2048 bits.
	ProblemWeakRSA CredentialsProblem = "weak_rsa"
	// ProblemSigner: the signer is nil or has no usable public key.
	ProblemSigner CredentialsProblem = "signer"
)

const (
	otherKeyHint = "Use an RSA key of at least 2048 bits or an Ed25519 key: generate one at the service, or make one with `openssl genpkey -algorithm ed25519` and register its public half"
	copyHint     = "Copy the private key again, from its BEGIN line to its END line; nothing of it can be guessed"
	privateHint  = "Give the private key that was saved when the API key was made: a PEM whose type is PRIVATE KEY or RSA PRIVATE KEY"
)

// problemTexts says, for each problem, what it is and what to do. The texts are constant, so no
// byte of a key can get into them.
var problemTexts = map[CredentialsProblem]struct{ what, hint string }{
	ProblemMissing:            {what: "not given"},
	ProblemConflict:           {what: "more than one private key is given", hint: "Set one of the two and unset the other"},
	ProblemKeyID:              {what: "not a key ID", hint: "Give the API key's ID as the service shows it, such as 0190a5f2-6c1e-4d0e-9b7a-2f6f0f6f8a11, with nothing around it"},
	ProblemFileUnreadable:     {what: "the file cannot be read", hint: "Check the path and who owns the file"},
	ProblemFileMode:           {what: "others than the owner may use the private key file"},
	ProblemNotRegularFile:     {what: "not a regular file", hint: "Give the path of the file that holds the private key"},
	ProblemKeyAsPath:          {what: "this is a private key where a path belongs", hint: "Write the key to a file of mode 0600 and give its path, or give the key itself in " + EnvPrivateKey},
	ProblemTooLarge:           {what: "larger than 64 KiB, so not a private key", hint: privateHint},
	ProblemEmpty:              {what: "empty", hint: privateHint},
	ProblemNotPEM:             {what: "no private key in PEM form found", hint: privateHint},
	ProblemTruncated:          {what: "the private key is truncated", hint: copyHint},
	ProblemDamaged:            {what: "the private key is damaged", hint: copyHint},
	ProblemSeveralKeys:        {what: "more than one private key found", hint: "Keep only the private key that belongs to the key ID"},
	ProblemEncrypted:          {what: "the private key is encrypted", hint: "Decrypt it to a file that only you can read: (umask 077 && openssl pkey -in ENCRYPTED.pem -out PRIVATE.pem)"},
	ProblemPublicKey:          {what: "this is a public key", hint: privateHint},
	ProblemCertificate:        {what: "this is a certificate", hint: privateHint},
	ProblemCertificateRequest: {what: "this is a certificate signing request", hint: privateHint},
	ProblemOpenSSHKey:         {what: "this is a key in OpenSSH format", hint: "Convert a copy of an RSA key with `ssh-keygen -p -m PEM -N '' -f COPY`; otherwise: " + otherKeyHint},
	ProblemECKey:              {what: "this is an elliptic-curve (ECDSA) key, which the service does not take", hint: otherKeyHint},
	ProblemKeyType:            {what: "the key is neither RSA nor Ed25519", hint: otherKeyHint},
	ProblemWeakRSA:            {what: "the RSA key has less than 2048 bits", hint: otherKeyHint},
	ProblemSigner:             {what: "the signer is nil or its public key is unusable", hint: "Pass a crypto.Signer whose Public method returns a *rsa.PublicKey or an ed25519.PublicKey"},
}

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

	detail string
	cause  error
}

func newCredentialsError(problem CredentialsProblem, source string) *CredentialsError {
	return &CredentialsError{Problem: problem, Source: source, Hint: problemTexts[problem].hint}
}

// Error returns one line: where, what is wrong, and what to do.
func (e *CredentialsError) Error() string {
	text := "kalshi: credentials: "
	if e.Source != "" {
		text += legible(e.Source) + ": "
	}
	text += problemTexts[e.Problem].what
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
