package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"time"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper/keystore"
)

// RecoverAction is what Recover did, or what it waits for.
type RecoverAction string

// The actions. The last two are open: there is nothing to do yet.
const (
	// RecoverFinished: a key of an interrupted Issue was proven and is active.
	RecoverFinished RecoverAction = "finished"
	// RecoverUndone: what an interrupted operation had made was revoked.
	RecoverUndone RecoverAction = "undone"
	// RecoverRevoked: a key that was to be revoked is revoked.
	RecoverRevoked RecoverAction = "revoked"
	// RecoverForgotten: an intent was dropped that had nothing left to do.
	RecoverForgotten RecoverAction = "forgotten"
	// RecoverGrace: the old key of a rotation still works, until its grace period ends.
	RecoverGrace RecoverAction = "grace"
	// RecoverWatch: the service has no key so far that an interrupted request made; it is looked
	// for again.
	RecoverWatch RecoverAction = "watch"
)

// RecoverStep is what became of one record of the journal.
type RecoverStep struct {
	// Action is what was done, or what is waited for.
	Action RecoverAction `json:"action"`
	// KeyID is the key that it is about, empty if there was none to be found.
	KeyID string `json:"api_key_id,omitempty"`
	// Name is what that key is called: by the operation that made it, with the tag, or in the
	// store. Without a KeyID it is what the key would be called that has not appeared. It is empty
	// for a key to revoke that the store has no entry of.
	Name string `json:"name,omitempty"`
	// Until is when grace or watch ends, and zero for any other action.
	Until time.Time `json:"until,omitzero"`
}

// RecoverReport says what Recover found in the journal.
type RecoverReport struct {
	// Done is what was finished or undone now, in the order of the journal.
	Done []RecoverStep `json:"done"`
	// Open is what has to wait.
	Open []RecoverStep `json:"open"`
}

// Recover finishes or undoes what earlier operations left behind, whether they failed or the
// program died. It does nothing, and sends nothing, if the journal is empty, and nothing new if
// it is called again. It never revokes a key that this store's journal does not name or tag.
// An error tells what could not be recovered; the report then holds the rest.
func (m *Manager) Recover(ctx context.Context) (RecoverReport, error) {
	var report RecoverReport
	err := m.locked(ctx, func(ctx context.Context) (err error) {
		report, err = m.recover(ctx)
		return err
	})
	return report, err
}

// recovery is one run over the journal.
type recovery struct {
	*Manager

	report RecoverReport
	// seen are the lists that were needed for watches so far: the service's for "", and those of
	// subtraders.
	seen map[string]*gen.GetAPIKeysResponse
}

// recover needs the lock.
func (m *Manager) recover(ctx context.Context) (RecoverReport, error) {
	r := &recovery{
		Manager: m, report: RecoverReport{Done: []RecoverStep{}, Open: []RecoverStep{}},
		seen: map[string]*gen.GetAPIKeysResponse{},
	}
	intents, err := m.intents(ctx)
	problems := []error{err}
	for _, in := range intents {
		if err := r.resume(ctx, in); err != nil {
			problems = append(problems, fmt.Errorf("recovering %s of %s: %w", in.Action, in.subject(), err))
		}
	}
	return r.report, errors.Join(problems...)
}

func (in intent) subject() string {
	if in.Name == "" {
		return in.OldKeyID
	}
	return fmt.Sprintf("%q", in.Name)
}

func (r *recovery) done(action RecoverAction, keyID, name string) {
	r.report.Done = append(r.report.Done, RecoverStep{Action: action, KeyID: keyID, Name: name})
}

func (r *recovery) open(action RecoverAction, keyID, name string, until time.Time) {
	r.report.Open = append(r.report.Open, RecoverStep{Action: action, KeyID: keyID, Name: name, Until: until})
}

// nameOf returns what the store calls a key, "" if it cannot tell.
func (r *recovery) nameOf(ctx context.Context, keyID string) string {
	entry, _ := r.store.Get(ctx, keyID)
	return entry.Name
}

// resume goes on where the intent's operation stopped.
func (r *recovery) resume(ctx context.Context, in intent) error {
	if in.Action == actionRevoke {
		return r.resumeRevoke(ctx, in)
	}
	entry, err := r.entryFor(ctx, in)
	switch {
	case err != nil:
		return err
	case !in.WatchUntil.IsZero():
		return r.resumeWatch(ctx, in, entry)
	case entry.KeyID == "":
		return r.resumeRequest(ctx, in)
	case in.Action == actionRotate:
		return r.resumeRotate(ctx, in, entry)
	}
	return r.resumeIssue(ctx, in, entry)
}

// entryFor returns the entry that the intent led to, or an empty one if there is none. What the
// store cannot read might be it.
func (m *Manager) entryFor(ctx context.Context, in intent) (keystore.Entry, error) {
	entries, damaged := m.store.List(ctx)
	for _, entry := range entries {
		if carries(entry.Name, in.Tag) {
			return entry, nil
		}
	}
	return keystore.Entry{}, damaged
}

func (r *recovery) resumeRevoke(ctx context.Context, in intent) error {
	if err := r.finishRevoke(ctx, in); err != nil {
		return err
	}
	r.done(RecoverRevoked, in.OldKeyID, r.nameOf(ctx, in.OldKeyID))
	return nil
}

// resumeIssue finishes an Issue whose key is in the store.
func (r *recovery) resumeIssue(ctx context.Context, in intent, entry keystore.Entry) error {
	if entry.State != keystore.StatePending {
		return r.forget(ctx, in, entry.KeyID)
	}
	_, by, err := r.current(ctx)
	if err != nil {
		return err
	}
	client, err := r.clientFor(ctx, entry)
	if err != nil {
		return err
	}
	list, err := r.proveAgain(ctx, by, client, entry)
	if errors.Is(err, ErrNotProven) && ctx.Err() == nil {
		done, err := r.giveUpNamed(ctx, by, in, entry.KeyID, err)
		return r.undone(in, done, err)
	}
	if err == nil {
		_, err = r.activate(ctx, by, in, entry, list)
	}
	if err != nil {
		return err
	}
	r.done(RecoverFinished, entry.KeyID, in.Name)
	return r.drop(ctx, in)
}

func (r *recovery) forget(ctx context.Context, in intent, keyID string) error {
	err := r.drop(ctx, in)
	if err == nil {
		r.done(RecoverForgotten, keyID, in.Name)
	}
	return err
}

// resumeRotate finishes a Rotate that has switched to the new key, and undoes one that has not.
func (r *recovery) resumeRotate(ctx context.Context, in intent, made keystore.Entry) error {
	current, by, err := r.current(ctx)
	if err != nil {
		return err
	}
	old, err := r.store.Get(ctx, in.OldKeyID)
	if err != nil && !errors.Is(err, keystore.ErrNotFound) {
		return err
	}
	if current.KeyID != made.KeyID && !wasReplaced(old, made) {
		done, err := r.giveUpNamed(ctx, by, in, made.KeyID, r.tryPending(ctx, made))
		return r.undone(in, done, err)
	}
	until, err := r.retire(ctx, in)
	switch {
	case err != nil:
		return err
	case until.IsZero():
		r.done(RecoverRevoked, in.OldKeyID, old.Name)
	default:
		r.open(RecoverGrace, in.OldKeyID, old.Name, until)
	}
	return nil
}

// tryPending returns how the service refuses a request signed with a key that none has proven
// yet: its ID may be another's.
func (m *Manager) tryPending(ctx context.Context, made keystore.Entry) error {
	if made.State != keystore.StatePending {
		return nil
	}
	client, err := m.clientFor(ctx, made)
	if err == nil {
		_, err = client.GetAPIKeys(ctx)
	}
	return err
}

// wasReplaced reports whether a rotation has switched from old to made, of which made is not
// current. Where the old entry was set aside, that made has been replaced itself says so.
func wasReplaced(old, made keystore.Entry) bool {
	last := old.State
	if old.KeyID == "" {
		last = made.State
	}
	return last == keystore.StateRetiring || last == keystore.StateRevoked
}

// resumeRequest looks what came of a request that led to no entry.
func (r *recovery) resumeRequest(ctx context.Context, in intent) error {
	_, by, err := r.current(ctx)
	if err != nil {
		return err
	}
	found, err := r.lookFor(ctx, by, in)
	if err != nil {
		return err
	}
	if len(found) > 0 && in.Action == actionIssue && in.Way == Create {
		entry, err := r.keep(ctx, by, in, answer{keyID: found[0].APIKeyID, privateKey: in.PrivateKey})
		if err != nil {
			return err
		}
		return r.resumeIssue(ctx, in, entry)
	}
	done, err := r.giveUp(ctx, by, in, found)
	return r.undone(in, done, err)
}

// undone reports what was given up.
func (r *recovery) undone(in intent, done givenUp, err error) error {
	for _, keyID := range done.revoked {
		r.done(RecoverUndone, keyID, in.Name)
	}
	if done.watches {
		until := in.WatchUntil
		if until.IsZero() {
			until = r.clock.Now().Add(WatchPeriod)
		}
		r.open(RecoverWatch, "", in.Name, until)
	}
	return err
}
