package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"

	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/lifecycle"
)

// fillDisk has the disk fill up before each step that needs room, once for good and once for a
// moment.
func fillDisk(ctx context.Context, t *tally, w *world) error {
	needRoom := []string{keystore.StepMakeDirectory, keystore.StepCreate, keystore.StepWrite, keystore.StepSync, keystore.StepSyncDirectory}
	return refuseEach(ctx, t, w, "full disk", syscall.ENOSPC, func(step string) bool { return slices.Contains(needRoom, step) })
}

// forbidWriting has the directory become read-only before each step that changes it.
func forbidWriting(ctx context.Context, t *tally, w *world) error {
	return refuseEach(ctx, t, w, "read-only directory", syscall.EROFS, func(step string) bool {
		return step != keystore.StepLock && step != keystore.StepUnlock
	})
}

// refuseEach lets rotations fail at their first step that counts, at their second and so on,
// until one comes through, and checks each time what the program makes of it once there is
// nothing wrong any more.
func refuseEach(ctx context.Context, t *tally, w *world, what string, refusal syscall.Errno, counts func(step string) bool) error {
	for _, lasting := range []bool{true, false} {
		name := fmt.Sprintf("%d-%t", int(refusal), lasting)
		s, err := w.newSite(ctx, w.memory, name)
		if err != nil {
			return err
		}
		steps, refused := 0, true
		for ; refused; steps++ {
			refused, err = s.rotateRefused(ctx, steps, lasting, refusal, counts)
			if err != nil && !errors.Is(err, refusal) {
				return fmt.Errorf("%s from step %d on: %w", what, steps+1, err)
			}
			s.checkAll(ctx, t, fmt.Sprintf("%s at step %d, lasting: %t", what, steps+1, lasting))
		}
		fmt.Printf("%s: %d steps refused, lasting: %t\n", what, steps-1, lasting)
	}
	return nil
}

// rotateRefused rotates with the system refusing the step that comes after so many that count,
// and all later ones if that lasts.
func (s *site) rotateRefused(
	ctx context.Context, after int, lasting bool, refusal syscall.Errno, counts func(step string) bool,
) (refused bool, err error) {
	seen := 0
	store, err := keystore.Open(s.store, keystore.WithSteps(func(step string) error {
		if !counts(step) {
			return nil
		}
		seen++
		if seen == after+1 || (lasting && seen > after) {
			refused = true
			return refusal
		}
		return nil
	}))
	if err != nil {
		return refused, err
	}
	manager, err := lifecycle.New(store, s.baseURL(), lifecycle.WithSettle(settle))
	if err != nil {
		return refused, err
	}
	_, err = manager.Rotate(ctx, lifecycle.RotateRequest{Grace: lifecycle.NoGrace})
	return refused, err
}
