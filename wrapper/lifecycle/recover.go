package lifecycle

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/keystore"
)

// RecoverAction is what Recover did, or what it waits for.
type RecoverAction string

// The actions. The last three are open.
const (
	// RecoverFinished: a key of an interrupted Issue was proven and is active.
	RecoverFinished RecoverAction = "finished"
	// RecoverUndone: what an interrupted change had made was revoked.
	RecoverUndone RecoverAction = "undone"
	// RecoverRevoked: a key that was to be revoked is revoked.
	RecoverRevoked RecoverAction = "revoked"
	// RecoverForgotten: nothing was left to do for an interrupted change.
	RecoverForgotten RecoverAction = "forgotten"
	// RecoverGrace: the old key of a rotation still works, until its grace period ends.
	RecoverGrace RecoverAction = "grace"
	// RecoverWatch: the service's list does not show the key that an interrupted request may have
	// made; the next Recover looks for it again. With a KeyID, that key works, and the list was too old
	// to show whether the request made a second one.
	RecoverWatch RecoverAction = "watch"
	// RecoverForeign: another store wrote the record, of which this one is a copy. That store may have
	// gone on and use the key, so nothing is done before [Manager.Adopt].
	RecoverForeign RecoverAction = "foreign"
)

// RecoverStep is what Recover did about one record of the journal, or what it waits for.
type RecoverStep struct {
	// Action is what Recover did, or what it waits for.
	Action RecoverAction `json:"action"`
	// KeyID is the key that the step is about, empty if no key was found.
	KeyID string `json:"api_key_id,omitempty"`
	// Name is the name of that key: the one that the change asked for, with the tag, or the one
	// in the store. Without a KeyID it is the name of a key that has not appeared.
	Name string `json:"name,omitempty"`
	// Until is when grace or watch ends, and zero for any other action.
	Until time.Time `json:"until,omitzero"`
}

// RecoverReport says what Recover found in the journal.
type RecoverReport struct {
	// Done is what Recover finished or undid now, in the order of the journal.
	Done []RecoverStep `json:"done"`
	// Open is what has to wait.
	Open []RecoverStep `json:"open"`
}

// Recover finishes or undoes what earlier changes left behind, whether they failed or the
// program died. If the journal is empty it does and sends nothing. Calling it again does nothing
// new. It never revokes a key that this store's journal does not name or tag, nor one that another
// store's journal names, of which this store is a copy. An error tells what could not be recovered; the
// report then holds the rest.
func (m *Manager) Recover(ctx context.Context) (RecoverReport, error) {
	var report RecoverReport
	err := m.recovered(ctx, func(_ context.Context, did RecoverReport, err error) error {
		report = did
		return err
	})
	return report, err
}

// Adopt makes the changes that another store began this store's own, so that the next Recover finishes
// or undoes them and may revoke the keys that they made. Call it for a copy of a store, such as a backup
// that was put back, when the other store is not used any more.
func (m *Manager) Adopt(ctx context.Context) error {
	return m.locked(ctx, func(ctx context.Context) error {
		if err := m.store.Adopt(lasting(ctx)); err != nil {
			return fmt.Errorf("lifecycle: the changes of the other store were not adopted: %w", err)
		}
		return nil
	})
}

// recovery is one run over the journal.
type recovery struct {
	*Manager

	report RecoverReport
	// seen holds the lists that were looked at for watches, by subtrader: each is asked for once.
	seen map[string]listing
}

// recover needs the lock.
func (m *Manager) recover(ctx context.Context) (RecoverReport, error) {
	r := &recovery{
		Manager: m, report: RecoverReport{Done: []RecoverStep{}, Open: []RecoverStep{}}, seen: map[string]listing{},
	}
	intents, err := m.intents(ctx)
	problems := []error{err}
	for _, in := range intents {
		if in.foreign {
			made, _ := m.entryFor(ctx, in)
			r.report.Open = append(r.report.Open, RecoverStep{
				Action: RecoverForeign, KeyID: cmp.Or(in.OldKeyID, made.KeyID), Name: in.Name,
			})
			continue
		}
		if err := r.resume(ctx, in); err != nil {
			problems = append(problems, fmt.Errorf("recovering %s of %s: %w", in.Action, cmp.Or(in.Name, in.OldKeyID), err))
		}
	}
	if steps := append(slices.Clone(r.report.Done), r.foreign()...); len(steps) > 0 {
		m.recoveredSteps(steps)
	}
	return r.report, errors.Join(problems...)
}

func (r *recovery) foreign() []RecoverStep {
	return slices.DeleteFunc(slices.Clone(r.report.Open), func(step RecoverStep) bool { return step.Action != RecoverForeign })
}

// add puts steps into the report. A step with an end is open until then.
func (r *recovery) add(steps ...RecoverStep) {
	for _, step := range steps {
		if step.Until.IsZero() {
			r.report.Done = append(r.report.Done, step)
		} else {
			r.report.Open = append(r.report.Open, step)
		}
	}
}

// resume goes on where the intent's change stopped.
func (r *recovery) resume(ctx context.Context, in intent) error {
	if in.Action == actionRevoke {
		return r.resumeRevoke(ctx, in)
	}
	made, err := r.entryFor(ctx, in)
	if err != nil {
		return err
	}
	current, by, err := r.current(ctx)
	if err != nil {
		return err
	}
	if !in.WatchUntil.IsZero() {
		return r.resumeWatch(ctx, by, in, made)
	}
	if in.Action == actionRotate {
		return r.resumeRotate(ctx, current, by, in, made)
	}
	switch made.State {
	case keystore.StateActive:
		return r.finishMade(ctx, in, made, RecoverStep{Action: RecoverForgotten, KeyID: made.KeyID, Name: in.Name})
	case keystore.StateRetiring, keystore.StateRevoked:
		return r.forget(ctx, in, made.KeyID)
	}
	return r.resumeIssue(ctx, by, in, made)
}

func (r *recovery) resumeRevoke(ctx context.Context, in intent) error {
	target, err := r.store.Get(ctx, in.OldKeyID)
	if err == nil {
		err = r.finishRevoke(ctx, in)
	}
	if err == nil {
		r.add(RecoverStep{Action: RecoverRevoked, KeyID: in.OldKeyID, Name: target.Name})
	}
	return err
}

// resumeRotate finishes a Rotate that has switched to the new key, and undoes one that has not.
func (r *recovery) resumeRotate(ctx context.Context, current keystore.Entry, by *wrapper.Client, in intent, made keystore.Entry) error {
	old, err := r.store.Get(ctx, in.OldKeyID)
	if err != nil {
		return err
	}
	// After the switch, another rotation may have made a third key current.
	hasSwitched := current.KeyID == made.KeyID || old.State == keystore.StateRetiring || old.State == keystore.StateRevoked
	if made.KeyID == "" || !hasSwitched {
		return r.undoRequest(ctx, by, in)
	}
	until, err := r.retire(ctx, in)
	switch {
	case err != nil:
		return err
	case !until.IsZero():
		r.add(RecoverStep{Action: RecoverGrace, KeyID: in.OldKeyID, Name: old.Name, Until: until})
		return nil
	}
	r.add(RecoverStep{Action: RecoverRevoked, KeyID: in.OldKeyID, Name: old.Name})
	return r.finishMade(ctx, in, made)
}

// finishMade finishes a change whose key is active. It reports what is left to do, or else the steps.
func (r *recovery) finishMade(ctx context.Context, in intent, made keystore.Entry, steps ...RecoverStep) error {
	next, err := r.finish(ctx, in)
	if err == nil && !next.IsZero() {
		steps = []RecoverStep{{Action: RecoverWatch, KeyID: made.KeyID, Name: in.Name, Until: next}}
	}
	if err == nil {
		r.add(steps...)
	}
	return err
}

// resumeIssue proves the key of an Issue and makes it active. It waits for the service to know the
// key only if the list shows it. A key that cannot be proven or that nobody holds is revoked.
func (r *recovery) resumeIssue(ctx context.Context, by *wrapper.Client, in intent, made keystore.Entry) error {
	found, err := r.lookFor(ctx, by, in)
	if err != nil {
		return err
	}
	if made.KeyID == "" {
		if len(found) == 0 || in.Way != Create {
			return r.undo(ctx, by, in, found)
		}
		if made, err = r.keep(ctx, by, in, r.pending(in, found[0].APIKeyID, in.PrivateKey)); err != nil {
			return err
		}
	}
	client, err := r.clientFor(ctx, made, nil)
	if err != nil {
		return err
	}
	var atMost time.Duration
	if len(found) > 0 {
		atMost = proofTimeout
	}
	list, err := r.prove(ctx, client, made, atMost)
	if errors.Is(err, errNotProven) && ctx.Err() == nil {
		return r.undo(ctx, by, in, found)
	}
	if err == nil {
		_, err = r.activate(ctx, by, in, made, list)
	}
	if err != nil {
		return err
	}
	r.add(RecoverStep{Action: RecoverFinished, KeyID: made.KeyID, Name: in.Name})
	in.settled = list.find(made.KeyID) != nil
	return r.finishMade(ctx, in, made)
}

// resumeWatch looks once more for a key that had not appeared.
func (r *recovery) resumeWatch(ctx context.Context, by *wrapper.Client, in intent, entry keystore.Entry) error {
	of := ""
	if in.FCMSubtraderID != nil {
		of = *in.FCMSubtraderID
	}
	list, ok := r.seen[of]
	if !ok {
		var err error
		if list, err = r.list(ctx, by, in.FCMSubtraderID); err != nil {
			return err
		}
		r.seen[of] = list
	}
	found := list.withTag(in.Tag)
	if len(found) > 0 {
		return r.undo(ctx, by, in, found)
	}
	// A clock that jumps makes one look late, and not several.
	isLate := list.at.After(in.WatchUntil)
	if isLate && list.at.Sub(in.LastLook).Abs() > r.settle {
		in.Looks, in.LastLook = in.Looks+1, list.at
		if err := r.write(ctx, in); err != nil {
			return err
		}
	}
	if !isLate || in.Looks < watchLooks {
		return r.undo(ctx, by, in, nil)
	}
	if _, err := r.enter(ctx, entry, keystore.StateRevoked); err != nil {
		return err
	}
	return r.forget(ctx, in, "")
}

func (r *recovery) undoRequest(ctx context.Context, by *wrapper.Client, in intent) error {
	found, err := r.lookFor(ctx, by, in)
	if err != nil {
		return err
	}
	return r.undo(ctx, by, in, found)
}

// undo gives up what was found of the intent's request, and reports it.
func (r *recovery) undo(ctx context.Context, by *wrapper.Client, in intent, found []gen.APIKey) error {
	steps, err := r.giveUp(ctx, by, in, found)
	r.add(steps...)
	return err
}

func (r *recovery) forget(ctx context.Context, in intent, keyID string) error {
	err := r.drop(ctx, in)
	if err == nil {
		r.add(RecoverStep{Action: RecoverForgotten, KeyID: keyID, Name: in.Name})
	}
	return err
}
