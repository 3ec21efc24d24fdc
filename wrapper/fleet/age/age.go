// Package age seals what a store keeps on a server, with filippo.io/age.
//
// There are two roles. A rotator can read and write the whole store. A bot can read the current keys, and
// signs with them. Each machine has an identity of its own, which never leaves it:
//
//	age-keygen -o identity.txt   # prints the recipient to put into the recipients file
//
// The recipients file says who has which role. It is no secret; whoever can change it decides who can read
// the next key:
//
//	# desk.recipients
//	rotator age1...
//	bot     age1...
//
// A machine that is taken off the list reads what was sealed before. Rotate the key after that.
package age

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"

	"filippo.io/age"

	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/secret"
)

// maxFile is how long a file of recipients or identities may be, in bytes: our own choice.
const maxFile = 1 << 20

var _ keystore.Sealer = (*Sealer)(nil)

// Sealer seals to the recipients of the purpose, and opens with its identities. It is safe for concurrent
// use.
type Sealer struct {
	rotators, bots []age.Recipient
	identities     []age.Identity
	// mayWrite returns an error unless what is sealed to the rotators can be opened here.
	mayWrite func() error
}

// Load returns the Sealer of the files at these paths. Without recipients, because the path is empty, it only
// opens, as it does with the identity of a bot: whoever could not read what they write would shut themselves out
// of the store. It returns a [*keystore.InsecureError] if the identity's file can be read by others.
func Load(recipients, identity string) (*Sealer, error) {
	s := &Sealer{}
	if err := s.loadIdentities(identity); err != nil {
		return nil, err
	}
	if recipients == "" {
		return s, nil
	}
	text, err := os.ReadFile(recipients)
	if err != nil {
		return nil, fmt.Errorf("age: the recipients cannot be read: %w", err)
	}
	if s.rotators, s.bots, err = ParseRecipients(string(text)); err != nil {
		return nil, fmt.Errorf("age: %s: %w", recipients, err)
	}
	s.mayWrite = sync.OnceValue(func() error {
		probe, err := seal([]byte("probe"), s.rotators)
		if err == nil {
			_, err = s.Open(probe)
		}
		if err != nil {
			return fmt.Errorf("age: the identity in %s is that of no rotator in %s, so it could not read what it writes; "+
				"add its recipient (age-keygen -y %s) as a rotator", identity, recipients, identity)
		}
		return nil
	})
	return s, nil
}

func (s *Sealer) loadIdentities(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("age: the identity cannot be read: %w", err)
	}
	defer func() { _ = file.Close() }()
	access, err := secret.FileAccess(file, path)
	if err != nil {
		return fmt.Errorf("age: the identity in %s: %w", path, err)
	}
	if access.Refused != "" {
		return &keystore.InsecureError{Path: path, Problem: access.Refused, Hint: access.Hint}
	}
	s.identities, err = age.ParseIdentities(io.LimitReader(file, maxFile))
	if err != nil { // which may quote a line of the file
		return fmt.Errorf("age: %s holds no age identity; age-keygen makes one, and one with a passphrase cannot be used here", path)
	}
	return nil
}

// ParseRecipients reads a recipients file: on each line a role, rotator or bot, and a recipient. Empty lines
// and those that begin with # do not count.
func ParseRecipients(text string) (rotators, bots []age.Recipient, err error) {
	for i, line := range strings.Split(text, "\n") {
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if strings.Contains(strings.ToUpper(line), "AGE-SECRET-KEY") {
			return nil, nil, fmt.Errorf("line %d holds an identity, which is a secret; give its recipient (age-keygen -y)", i+1)
		}
		role := &rotators
		switch {
		case len(fields) != 2:
			return nil, nil, fmt.Errorf("line %d must have a role and a recipient, such as bot age1xyz", i+1)
		case fields[0] == "bot":
			role = &bots
		case fields[0] != "rotator":
			return nil, nil, fmt.Errorf("line %d has the role %.20q; a role is rotator or bot", i+1, fields[0])
		}
		read, err := age.ParseRecipients(strings.NewReader(fields[1]))
		if err != nil || len(read) != 1 {
			return nil, nil, fmt.Errorf("line %d has no recipient of age, which begins with age1", i+1)
		}
		*role = append(*role, read[0])
	}
	if len(rotators) == 0 {
		return nil, nil, errors.New("there is no rotator, so nobody could rotate a key")
	}
	return rotators, bots, nil
}

// Seal implements [keystore.Sealer]: the current key to bots and rotators, all else to rotators.
func (s *Sealer) Seal(plain []byte, purpose keystore.Purpose) ([]byte, error) {
	if len(s.rotators) == 0 {
		return nil, errors.New("age: the recipients are not given: kalshi-keys has --seal-to")
	}
	if err := s.mayWrite(); err != nil {
		return nil, err
	}
	recipients := s.rotators
	if purpose == keystore.PurposeCurrent {
		recipients = slices.Concat(s.rotators, s.bots)
	}
	return seal(plain, recipients)
}

func seal(plain []byte, recipients []age.Recipient) ([]byte, error) {
	var sealed bytes.Buffer
	to, err := age.Encrypt(&sealed, recipients...)
	if err == nil {
		_, err = to.Write(plain)
		err = cmp.Or(err, to.Close())
	}
	return sealed.Bytes(), err
}

// Open implements [keystore.Sealer].
func (s *Sealer) Open(sealed []byte) ([]byte, error) {
	from, err := age.Decrypt(bytes.NewReader(sealed), s.identities...)
	if err != nil {
		return nil, fmt.Errorf("age: %w", err)
	}
	return io.ReadAll(from)
}
