package keystore

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"sync"
	"time"
)

// boundCurrent is the current key of one base URL as it is sealed for those who sign. The rest shows
// whether it was sealed for this place.
type boundCurrent struct {
	Version  int         `json:"version"`
	Purpose  Purpose     `json:"purpose"`
	Store    string      `json:"store"`
	StoreID  string      `json:"store_id"`
	Revision int64       `json:"revision"`
	BaseURL  string      `json:"base_url"`
	Entry    storedEntry `json:"entry"`
}

// published returns the objects that a write has to replace, by base URL.
func (s *Store) published(was, next *document) (map[string][]byte, error) {
	if s.publisher == nil {
		return nil, nil
	}
	changed := map[string][]byte{}
	for baseURL, keyID := range next.Current {
		entry := next.Entries[next.entryAt(keyID)]
		if at := was.entryAt(was.Current[baseURL]); at >= 0 && reflect.DeepEqual(was.Entries[at], entry) {
			continue
		}
		plain := encodeJSON(boundCurrent{documentVersion, PurposeCurrent, s.name, next.StoreID, next.Revision, baseURL, entry}, "")
		sealed, err := s.sealer.Seal(plain, PurposeCurrent)
		if err != nil {
			return nil, fmt.Errorf("keystore: %s was not changed: the current key cannot be sealed: %w", s.place, err)
		}
		changed[baseURL] = sealed
	}
	return changed, nil
}

// Follower is a program that follows the current key of a store on a server, as far as it says so.
type Follower struct {
	// Name is what the program calls itself, such as the name of its machine.
	Name string `json:"name"`
	// BaseURL is what it follows the current key of.
	BaseURL string `json:"base_url"`
	// Revision is the one that the key was published with which the program signs with.
	Revision int64 `json:"revision"`
	// SeenAt is when the program said so.
	SeenAt time.Time `json:"seen_at"`
}

// CurrentReader tells which key is current. [*Store] and [*Published] are the two.
type CurrentReader interface {
	// Current returns the current entry for baseURL, or [ErrNoCurrent].
	Current(ctx context.Context, baseURL string) (Entry, error)
	// Changed waits until Current may return another entry for baseURL than it did last, or until ctx
	// ends, and then returns the error of ctx. It may return early.
	Changed(ctx context.Context, baseURL string) error
}

var (
	_ CurrentReader = (*Store)(nil)
	_ CurrentReader = (*Published)(nil)
)

// Published reads the current keys of a store on a server, and nothing else of it: neither the other
// keys nor the journal nor the lock. It is for programs that sign, and whose account at the server may see
// no more. It is safe for concurrent use.
type Published struct {
	publisher Publisher
	sealer    Sealer

	mu sync.Mutex
	// last has what was read last, by base URL.
	last map[string]publishedKey
}

// publishedKey is an object as it was read.
type publishedKey struct {
	data    []byte
	version string
	boundCurrent
}

// NewPublished returns what a store publishes in an engine. It does not use the engine yet.
func NewPublished(publisher Publisher, sealer Sealer) *Published {
	return &Published{publisher: publisher, sealer: sealer, last: map[string]publishedKey{}}
}

// Current returns the current entry for baseURL, or [ErrNoCurrent]. Look at its state: the current key may
// have been revoked since. It returns a [*DamagedError] for what cannot be unsealed, was sealed for another
// place, or is older than what it has returned before, as after a failover that lost a write.
func (p *Published) Current(ctx context.Context, baseURL string) (Entry, error) {
	baseURL, err := normal(baseURL)
	if err != nil {
		return Entry{}, err
	}
	last := p.lastOf(baseURL)
	data, version, err := p.publisher.Published(baseURL).Load(ctx)
	if err != nil {
		return Entry{}, err
	}
	place := fmt.Sprintf("the current key for %s in %s", baseURL, placeOf(p.publisher))
	switch {
	case len(data) == 0 && last.Revision > 0:
		return Entry{}, damaged(place, "it was there before, and is gone")
	case len(data) == 0:
		return Entry{}, fmt.Errorf("%w for %s in %s", ErrNoCurrent, baseURL, placeOf(p.publisher))
	case bytes.Equal(data, last.data):
		p.remember(publishedKey{data, version, last.boundCurrent})
		return last.Entry.entry(), nil
	}
	read, err := p.open(data, baseURL, place)
	if err != nil {
		return Entry{}, err
	}
	if last.Revision > 0 && (read.StoreID != last.StoreID || read.Revision < last.Revision) {
		return Entry{}, &DamagedError{
			Path: place, Problem: fmt.Sprintf("it is of revision %d, and revision %d was there before", read.Revision, last.Revision),
			Hint: hintRolledBack,
		}
	}
	p.remember(publishedKey{data, version, read})
	return read.Entry.entry(), nil
}

const hintRolledBack = "If a backup was put back on purpose, start this program anew; else the server has lost writes: " +
	"run kalshi-keys audit before any key is rotated"

func (p *Published) open(data []byte, baseURL, place string) (boundCurrent, error) {
	var read boundCurrent
	if p.sealer == nil {
		return read, errNoSealer(placeOf(p.publisher))
	}
	plain, err := p.sealer.Open(data)
	if err != nil { // which may quote what it is about
		return read, &DamagedError{
			Path: place, Problem: "it cannot be unsealed with this key", keep: true,
			Hint: "Give the identity of one of the recipients that it was sealed to",
		}
	}
	if err := decodeVersion(plain, place); err != nil {
		return read, err
	}
	switch {
	case !decodeStrict(plain, &read):
		return read, damaged(place, "what is sealed in it is not a key")
	case read.Purpose != PurposeCurrent || read.Store != p.publisher.StoreName() || read.BaseURL != baseURL || read.Entry.BaseURL != baseURL:
		return read, damaged(place, "what is sealed in it was sealed for another place")
	}
	if problem := read.Entry.entry().problem(); problem != "" {
		return read, damaged(place, problem)
	}
	return read, nil
}

// Changed implements [CurrentReader].
func (p *Published) Changed(ctx context.Context, baseURL string) error {
	baseURL, err := normal(baseURL)
	if err != nil {
		return err
	}
	return p.publisher.Published(baseURL).Changed(ctx, p.lastOf(baseURL).version)
}

// Revision returns the revision of the store that the current key of baseURL was published with, 0 if it was
// not read yet.
func (p *Published) Revision(baseURL string) int64 {
	baseURL, err := normal(baseURL)
	if err != nil {
		return 0
	}
	return p.lastOf(baseURL).Revision
}

func (p *Published) lastOf(baseURL string) publishedKey {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last[baseURL]
}

func (p *Published) remember(read publishedKey) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if read.Revision >= p.last[read.BaseURL].Revision {
		p.last[read.BaseURL] = read
	}
}
