package lifecycle

import (
	"context"
	"errors"
	"fmt"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/keystore"
)

// holding is the store's lock in the context of the work that is done with it.
type holding struct {
	lock *keystore.Lock
	// onItsWay is set once a request to delete a key may still arrive. One goroutine uses it.
	onItsWay bool
}

type holdingKey struct{}

func holdingOf(ctx context.Context) *holding {
	held, _ := ctx.Value(holdingKey{}).(*holding)
	return held
}

// locked runs work with the store's lock held. After a lost lock nothing is touched any more: whoever has
// it now recovers.
func (m *Manager) locked(ctx context.Context, work func(context.Context) error) (err error) {
	lock, err := m.store.Lock(ctx)
	if err != nil {
		return fmt.Errorf("lifecycle: the store could not be locked: %w", err)
	}
	held := &holding{lock: lock}
	defer func() {
		if lost := lock.Held(); lost != nil && err != nil {
			err = unfinished("another may go on with this", errors.Join(lost, err))
		}
		if held.onItsWay {
			err = errors.Join(err, lock.Abandon())
			return
		}
		err = errors.Join(err, lock.Unlock())
	}()
	return work(context.WithValue(lock.Context(), holdingKey{}, held))
}

// whileHeld gives credentials only as long as the store's lock is held. A client asks for them in every
// attempt, after it has taken the attempt's timestamp: a program that is stopped before this question gets
// none, and one that is stopped after it sends a timestamp that the service refuses once the lock may have
// gone to another.
type whileHeld struct{ wrapper.CredentialSource }

func (w whileHeld) Credentials(ctx context.Context) (*wrapper.Credentials, error) {
	if held := holdingOf(ctx); held != nil {
		if err := held.lock.Held(); err != nil {
			return nil, err
		}
	}
	return w.CredentialSource.Credentials(ctx)
}

// noteDeletion has the lock run out, in place of being given back, after a deletion of unknown outcome. If
// somebody made that key current again, a late request would delete a key in use.
func noteDeletion(ctx context.Context, err error) {
	if held := holdingOf(ctx); held != nil && errors.Is(err, wrapper.ErrOutcomeUnknown) {
		held.onItsWay = true
	}
}
