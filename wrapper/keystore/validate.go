package keystore

import (
	"cmp"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/protocol"
	"kalshi.internal/apikeys/wrapper/secret"
)

// Our own choices, far above what a key and a change of it need.
const (
	maxKeyID       = 128
	maxEntryText   = 128 << 10
	maxRecordID    = 64
	maxRecordBytes = 256 << 10
)

// normal returns baseURL in the one form in which base URLs are compared.
func normal(baseURL string) (string, error) {
	base, err := protocol.ParseBaseURL(baseURL)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return base.String(), nil
}

// prepare returns entry as a store keeps it: with a normal base URL and, once revoked, without its
// private key. It returns [ErrInvalid] for an entry that contradicts itself or lacks a part.
func prepare(entry Entry) (Entry, error) {
	baseURL, err := normal(entry.BaseURL)
	if err != nil {
		return Entry{}, err
	}
	entry.BaseURL = baseURL
	if entry.State == StateRevoked {
		entry.PrivateKey = secret.PEM{}
	}
	if problem := entry.problem(); problem != "" {
		return Entry{}, fmt.Errorf("%w: of the entry, %s", ErrInvalid, problem)
	}
	return entry, nil
}

// checkReplace returns [ErrConflict] if a key would be lost when next takes the place of stored.
// Both have the same key ID and are prepared.
func checkReplace(stored, next Entry) error {
	was, _ := parsePublicKey(stored.PublicKey)
	is, _ := parsePublicKey(next.PublicKey)
	switch {
	case !sameKey(was, is):
		return fmt.Errorf("%w: %s is stored with another key pair", ErrConflict, next.KeyID)
	case stored.BaseURL != next.BaseURL:
		return fmt.Errorf("%w: %s is stored for %s", ErrConflict, next.KeyID, stored.BaseURL)
	case next.PrivateKey.IsEmpty() && !stored.PrivateKey.IsEmpty() && next.State != StateRevoked:
		return fmt.Errorf("%w: %s is stored with a private key, which only revoking erases", ErrConflict, next.KeyID)
	}
	return nil
}

// checkCurrent returns [ErrInvalid] unless entry can be made current for the normal baseURL.
func checkCurrent(entry Entry, baseURL string) error {
	switch {
	case entry.BaseURL != baseURL:
		return fmt.Errorf("%w: %s belongs to %s, so it cannot be current for %s", ErrInvalid, entry.KeyID, entry.BaseURL, baseURL)
	case entry.State == StateRevoked:
		return fmt.Errorf("%w: %s is revoked, so it cannot be current", ErrInvalid, entry.KeyID)
	}
	return nil
}

// checkRecord returns [ErrInvalid] unless record can be put into a journal.
func checkRecord(record JournalRecord) error {
	if record.ID == "" || len(record.ID) > maxRecordID || !utf8.ValidString(record.ID) || len(record.Data) > maxRecordBytes {
		return fmt.Errorf("%w: a journal record needs an ID of 1 to %d bytes of UTF-8, and at most %d bytes of data",
			ErrInvalid, maxRecordID, maxRecordBytes)
	}
	return nil
}

// problem returns what is wrong with a prepared entry, "" if nothing. It quotes no part of it.
func (e Entry) problem() string {
	public, ok := parsePublicKey(e.PublicKey)
	if !ok {
		return "its public key is not PEM SPKI"
	}
	credentials, err := wrapper.NewSignerCredentials(e.KeyID, publicHalf{public})
	switch {
	case problemOf(err) == wrapper.ProblemKeyID:
		return "its key ID is empty or holds characters that no key ID has"
	case err != nil:
		return "its public key is of a type that the service does not take"
	case credentials.KeyID() != e.KeyID:
		return "its key ID begins or ends with white space"
	case len(e.KeyID) > maxKeyID:
		return fmt.Sprintf("its key ID has more than %d bytes", maxKeyID)
	case !slices.Contains([]State{StatePending, StateActive, StateRetiring, StateRevoked}, e.State):
		return "its state is unknown"
	case e.Type != typeOf(public):
		return "its type is not that of its public key"
	case !isNormal(e.BaseURL):
		return "its base URL is not in normal form"
	case !writable(e.CreatedAt) || !writable(e.ChangedAt):
		return "one of its times is beyond the year 9999"
	}
	return cmp.Or(e.textProblem(), e.privateProblem(public))
}

// textProblem finds texts that JSON would change, or that are too long.
func (e Entry) textProblem() string {
	texts := []string{e.Name, e.Warning, e.PublicKey, e.PrivateKey.RevealPrivateKey()}
	if e.FCMSubtraderID != nil {
		texts = append(texts, *e.FCMSubtraderID)
	}
	for _, scope := range e.Scopes {
		texts = append(texts, string(scope))
	}
	all := strings.Join(texts, " ")
	switch {
	case !utf8.ValidString(all):
		return "one of its texts is not UTF-8"
	case len(all) > maxEntryText:
		return fmt.Sprintf("its texts have more than %d bytes together", maxEntryText)
	}
	return ""
}

func (e Entry) privateProblem(public crypto.PublicKey) string {
	if e.PrivateKey.IsEmpty() {
		return ""
	}
	if e.State == StateRevoked {
		return "it is revoked and still has a private key"
	}
	credentials, err := e.Credentials()
	switch {
	case err != nil:
		return fmt.Sprintf("its private key cannot be used (%s)", problemOf(err))
	case !sameKey(credentials.Signer().Public(), public):
		return "its private key does not belong to its public key"
	}
	return ""
}

func problemOf(err error) wrapper.CredentialsProblem {
	if refusal, ok := errors.AsType[*wrapper.CredentialsError](err); ok {
		return refusal.Problem
	}
	return ""
}

func isNormal(baseURL string) bool {
	same, err := normal(baseURL)
	return err == nil && same == baseURL
}

// writable reports whether encoding/json can write t.
func writable(t time.Time) bool {
	_, err := json.Marshal(t.UTC())
	return err == nil
}
