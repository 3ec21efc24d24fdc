package enginetest

import (
	"context"
	"sync"

	"kalshi.internal/apikeys/wrapper/keystore"
)

var _ keystore.Publisher = (*Publisher)(nil)

// Publisher is a [keystore.Publisher] in memory, without a lock of its own: what a server is to a store, for
// tests. It is safe for concurrent use.
type Publisher struct {
	keystore.Document

	name string
	// mu makes one step of a document and its objects.
	mu      sync.Mutex
	objects map[string]*keystore.Memory
}

// NewPublisher returns an empty publisher for a store of that name.
func NewPublisher(name string) *Publisher {
	return &Publisher{Document: struct{ keystore.Document }{keystore.NewMemory()}, name: name, objects: map[string]*keystore.Memory{}}
}

// StoreName implements [keystore.Publisher].
func (p *Publisher) StoreName() string { return p.name }

// Published implements [keystore.Publisher].
func (p *Publisher) Published(baseURL string) keystore.Reader {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.object(baseURL)
}

// SwapAndPublish implements [keystore.Publisher].
func (p *Publisher) SwapAndPublish(ctx context.Context, data []byte, published map[string][]byte, ifVersion string) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	version, err := p.Swap(ctx, data, ifVersion)
	if err != nil {
		return "", err
	}
	for baseURL, object := range published {
		Replace(p.object(baseURL), object)
	}
	return version, nil
}

// Replace puts data into a document whatever it holds, as somebody does who goes past the store.
func Replace(document keystore.Document, data []byte) {
	for {
		_, version, _ := document.Load(context.Background())
		if _, err := document.Swap(context.Background(), data, version); err == nil {
			return
		}
	}
}

func (p *Publisher) object(baseURL string) *keystore.Memory {
	if p.objects[baseURL] == nil {
		p.objects[baseURL] = keystore.NewMemory()
	}
	return p.objects[baseURL]
}
