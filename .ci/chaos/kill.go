package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"time"
)

const (
	// measured is how many rotations are let run to know how long one takes.
	measured = 5
	// rotationsPerStore keeps a store at a size that real ones have.
	rotationsPerStore = 50
)

// killRotations kills a rotation at a random moment, until it has done so often or long enough.
func killRotations(ctx context.Context, t *tally, w *world, kills int, enough time.Duration, random *rand.Rand) error {
	s, err := w.newSite(ctx, "kill-0")
	if err != nil {
		return err
	}
	takes, err := s.measure(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("a rotation takes %v\n", takes.Round(time.Millisecond))
	began, done := time.Now(), 0
	for rotation := 1; done < kills && time.Since(began) < enough; rotation++ {
		if rotation%rotationsPerStore == 0 {
			if s, err = w.newSite(ctx, fmt.Sprintf("kill-%d", rotation)); err != nil {
				return err
			}
		}
		moment := time.Duration(random.Int64N(int64(takes)))
		grace := []string{"0s", "20ms"}[random.IntN(2)]
		killed, err := s.killAfter(ctx, moment, grace)
		if err != nil {
			return err
		}
		if killed {
			done++
		}
		s.checkAll(ctx, t, fmt.Sprintf("rotation %d, stopped after %v", rotation, moment))
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	fmt.Printf("%d rotations killed in %v\n", done, time.Since(began).Round(time.Second))
	return nil
}

// measure returns how long the slowest of a few rotations takes, the start of the program
// included.
func (s *site) measure(ctx context.Context) (time.Duration, error) {
	var slowest time.Duration
	for range measured {
		began := time.Now()
		out, err := s.rotate(ctx, "0s").CombinedOutput()
		if err != nil {
			return 0, fmt.Errorf("rotate: %w: %s", err, out)
		}
		slowest = max(slowest, time.Since(began))
	}
	return slowest, nil
}

func (s *site) rotate(ctx context.Context, grace string) *exec.Cmd {
	return s.command(ctx, s.dir, "rotate", "--grace", grace, "--settle", settle.String())
}

// killAfter starts a rotation, and reports whether it was killed before it ended by itself.
func (s *site) killAfter(ctx context.Context, moment time.Duration, grace string) (bool, error) {
	command := s.rotate(ctx, grace)
	if err := command.Start(); err != nil {
		return false, err
	}
	alarm := time.AfterFunc(moment, func() { _ = command.Process.Kill() })
	defer alarm.Stop()
	err := command.Wait()
	if err := s.quiet(ctx); err != nil {
		return false, err
	}
	exited, ok := errors.AsType[*exec.ExitError](err)
	if err != nil && (!ok || exited.Exited()) {
		return false, fmt.Errorf("rotate failed by itself: %w", err)
	}
	return err != nil, nil
}
