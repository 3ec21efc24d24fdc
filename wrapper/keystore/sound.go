package keystore

import (
	"crypto/sha256"
	"sync"
)

// sound remembers in which files an entry was found sound, and what they held. Checking that a
// private key belongs to its public key takes several times as long as all else that reading an
// entry takes, and a program that follows the store reads the same one four times a second.
type sound struct {
	mu     sync.Mutex
	hashes map[string][sha256.Size]byte
}

// problemOf returns what is wrong with the entry that content of the file name holds, "" if
// nothing.
func (s *sound) problemOf(entry Entry, content []byte, name string) string {
	hash := sha256.Sum256(content)
	if s.holds(name, hash) {
		return ""
	}
	problem := entry.problem()
	if problem == "" {
		s.note(name, hash)
	}
	return problem
}

func (s *sound) holds(name string, hash [sha256.Size]byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hashes[name] == hash
}

func (s *sound) note(name string, hash [sha256.Size]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hashes == nil {
		s.hashes = map[string][sha256.Size]byte{}
	}
	s.hashes[name] = hash
}
