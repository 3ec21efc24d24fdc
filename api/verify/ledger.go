package verify

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// ledger says which keys of the account are the verification's own.
type ledger struct {
	prefix string          // of the names of the keys that it makes
	named  int             // how many names it has given
	isRead bool            // whether the list has told what was there before
	kept   map[string]bool // IDs, lower case, that must not be deleted
	told   map[string]bool // IDs, lower case, of all keys that it knows to have made
	made   map[string]bool // those that are not deleted yet; true once deleting was tried
	// whether a request may have been sent that may make a key
	posted bool
	// whether a request may have made a key whose ID nobody got
	lost bool
}

func newLedger(own string) *ledger {
	var tag [6]byte
	_, _ = rand.Read(tag[:]) // documented never to fail
	return &ledger{
		prefix: "kalshi-contract-verify-" + hex.EncodeToString(tag[:]),
		kept:   map[string]bool{strings.ToLower(own): true},
		told:   map[string]bool{},
		made:   map[string]bool{},
	}
}

// keep protects every key of a list that was read before any key was made.
func (l *ledger) keep(list *answer) {
	l.isRead = true
	for id := range listed(list) {
		l.kept[strings.ToLower(id)] = true
	}
}

func (l *ledger) isKept(id string) bool { return l.kept[strings.ToLower(id)] }

// nextName returns a name for a key that tells whose it is.
func (l *ledger) nextName() string {
	l.named++
	return fmt.Sprintf("%s-%d", l.prefix, l.named)
}

// idForm is what an ID must look like to be put into a path. A broken server may have IDs that
// are not UUIDs, and the keys it makes must be deleted all the same.
var idForm = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z_-]{0,63}$`)

// remember notes what the answer to a POST says about a key: the ID of one that was made, wanted
// or not, or that it is open whether one was made.
func (l *ledger) remember(got *answer) {
	id := got.text(keyIDProperty)
	usable := idForm.MatchString(id) && !l.isKept(id)
	l.lost = l.lost || !got.complete || got.status >= 500 || got.succeeded() && !usable
	if got.succeeded() && usable {
		l.add(id)
	}
}

func (l *ledger) add(id string) {
	l.made[id] = false
	l.told[strings.ToLower(id)] = true
}

func (l *ledger) has(id string) bool {
	_, ok := l.made[id]
	return ok
}

// left returns the IDs of keys that are not deleted yet.
func (l *ledger) left() []string { return slices.Sorted(maps.Keys(l.made)) }

// strangers returns the IDs in a list that were not there before and are not known to be its own.
func (l *ledger) strangers(list *answer) []string {
	var ids []string
	for id := range listed(list) {
		if !l.isKept(id) && !l.told[strings.ToLower(id)] {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}
