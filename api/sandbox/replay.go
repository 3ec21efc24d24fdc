package sandbox

import (
	"maps"
	"sync"
	"time"
)

// replays remembers signed texts for as long as the window would accept them again.
type replays struct {
	mu   sync.Mutex
	seen map[string]time.Time
}

// first reports whether text is new, and remembers it.
func (p *replays) first(text string, now time.Time, choices Choices) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.DeleteFunc(p.seen, func(_ string, at time.Time) bool {
		return now.Sub(at) > choices.Behind+choices.Ahead
	})
	if _, known := p.seen[text]; known {
		return false
	}
	if p.seen == nil {
		p.seen = map[string]time.Time{}
	}
	p.seen[text] = now
	return true
}

func (p *replays) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.seen)
}
