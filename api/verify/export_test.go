package verify

import (
	"crypto/ed25519"

	"kalshi.internal/apikeys/api/sandbox/explain"
)

// TriedMistakes returns the names of the mistakes that verify tries, and of those that it does not, with the
// reason.
func TriedMistakes() (tried map[string]bool, not map[string]string) {
	tried = map[string]bool{}
	p := &probe{self: identity{"", ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))}}
	for _, m := range p.mistakes() {
		tried[m.name] = true
	}
	for _, m := range explain.Mistakes() {
		if len(m.Ways()) > 0 {
			tried[m.Name] = true
		}
	}
	return tried, notTried()
}
