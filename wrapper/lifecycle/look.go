package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"time"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/keystore"
)

// Pauses between looks at the service (our own choices).
const (
	firstPause   = 250 * time.Millisecond
	longestPause = 2 * time.Second
)

// poll calls look until it is done, at growing intervals and for at most the given time, and
// returns the error of the last look.
func (m *Manager) poll(ctx context.Context, atMost time.Duration, why string, look func() (done bool, err error)) error {
	deadline := m.clock.Now().Add(atMost)
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		done, err := look()
		left := deadline.Sub(m.clock.Now())
		if done || left <= 0 {
			return err
		}
		if ended := m.wait(ctx, min(pause, left), "%s (up to %s more)", why, left.Round(time.Second)); ended != nil {
			return errors.Join(ended, err)
		}
	}
}

// lookFor returns the keys that carry the intent's tag. That there is none is believed only
// after the settle time: the list may be stale, and the request may still be on its way.
func (m *Manager) lookFor(ctx context.Context, by *wrapper.Client, in intent) ([]gen.APIKey, error) {
	var found []gen.APIKey
	err := m.poll(ctx, m.settle, "looking in the list whether the request made a key", func() (bool, error) {
		var err error
		found, err = m.find(lists(ctx, by), in.FCMSubtraderID, withTag(in.Tag))
		if err != nil {
			return !mayPass(err), err
		}
		return len(found) > 0, nil
	})
	return found, err
}

// listing returns how the service's list shows a key that works, and that is bound to the
// subtrader if there is one. A stale list is waited for.
func (m *Manager) listing(ctx context.Context, by *wrapper.Client, keyID string, subtrader *string) (gen.APIKey, error) {
	var listed gen.APIKey
	err := m.poll(ctx, m.settle, "waiting for the list to show key "+keyID, func() (bool, error) {
		found, err := m.find(lists(ctx, by), subtrader, withID(keyID))
		if err != nil {
			return !mayPass(err), err
		}
		if len(found) == 0 {
			return false, ErrNotListed
		}
		listed = found[0]
		return true, nil
	})
	if err != nil {
		return listed, fmt.Errorf("lifecycle: what key %s may do cannot be told: %w", keyID, err)
	}
	return listed, nil
}

// mayPass reports whether the same request may succeed in a moment.
func mayPass(err error) bool {
	return errors.Is(err, wrapper.ErrUnavailable) || errors.Is(err, wrapper.ErrRateLimited) ||
		errors.Is(err, wrapper.ErrUnexpectedResponse)
}

// resolve finds out what became of a request of unknown outcome. It returns the key if there is
// one that can be used. With neither key nor error, the request may be repeated: it made nothing,
// or what it made is revoked.
func (m *Manager) resolve(ctx context.Context, by *wrapper.Client, in intent, cause error) (keystore.Entry, error) {
	found, err := m.lookFor(ctx, by, in)
	if err != nil {
		return keystore.Entry{}, unfinished("it is not known whether a key was made", errors.Join(cause, err))
	}
	if len(found) > 0 && in.Way == Create {
		m.progress("the request made key %s, whose private half is here", found[0].APIKeyID)
		return m.keep(ctx, by, in, answer{keyID: found[0].APIKeyID, privateKey: in.PrivateKey})
	}
	if _, err := m.giveUp(ctx, by, in, found); err != nil {
		return keystore.Entry{}, errors.Join(cause, err)
	}
	return keystore.Entry{}, nil
}
