package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/lifecycle"
)

// fillDisk has the disk fill up before each write of the store, once for good and once for a moment.
func fillDisk(ctx context.Context, t *tally, w *world) error {
	return refuseEach(ctx, t, w, "full disk", syscall.ENOSPC)
}

// forbidWriting has the directory become read-only before each write of the store.
func forbidWriting(ctx context.Context, t *tally, w *world) error {
	return refuseEach(ctx, t, w, "read-only directory", syscall.EROFS)
}

// refuseEach lets rotations fail at their first write, at their second and so on, until one comes
// through, and checks each time what the program makes of it once there is
// nothing wrong any more.
func refuseEach(ctx context.Context, t *tally, w *world, what string, refusal syscall.Errno) error {
	for _, lasting := range []bool{true, false} {
		name := fmt.Sprintf("%d-%t", int(refusal), lasting)
		s, err := w.newSite(ctx, w.memory, name)
		if err != nil {
			return err
		}
		steps, refused := 0, true
		for ; refused; steps++ {
			refused, err = s.rotateRefused(ctx, steps, lasting, refusal)
			if err != nil && !errors.Is(err, refusal) {
				return fmt.Errorf("%s from write %d on: %w", what, steps+1, err)
			}
			s.checkAll(ctx, t, fmt.Sprintf("%s at write %d, lasting: %t", what, steps+1, lasting))
		}
		fmt.Printf("%s: %d writes refused, lasting: %t\n", what, steps-1, lasting)
	}
	return nil
}

// refusing is an engine for which the system refuses some writes.
type refusing struct {
	keystore.Engine

	refuse func() error
}

func (e refusing) Swap(ctx context.Context, data []byte, ifVersion string) (string, error) {
	if err := e.refuse(); err != nil {
		return "", err
	}
	return e.Engine.Swap(ctx, data, ifVersion)
}

// rotateRefused rotates with the system refusing the write that comes after so many, and all later
// ones if that lasts.
func (s *site) rotateRefused(ctx context.Context, after int, lasting bool, refusal syscall.Errno) (refused bool, err error) {
	directory, err := keystore.NewDirectory(s.store)
	if err != nil {
		return false, err
	}
	seen := 0
	store := keystore.New(refusing{directory, func() error {
		seen++
		if seen == after+1 || (lasting && seen > after) {
			refused = true
			return refusal
		}
		return nil
	}})
	manager, err := lifecycle.New(store, s.baseURL(), lifecycle.WithSettle(settle))
	if err != nil {
		return refused, err
	}
	_, err = manager.Rotate(ctx, lifecycle.RotateRequest{Grace: lifecycle.NoGrace})
	return refused, err
}
