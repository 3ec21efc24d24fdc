package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

const (
	// pageBytes is what a file on a tmpfs takes at least.
	pageBytes = 4096
	// diskPages is how large the small disk is.
	diskPages = 32
	// mostFree is how many pages of the small disk are left free at most.
	mostFree = 8
)

// useSmallDisk lets the program itself meet a disk that is full and one that is read-only. Only
// root may mount one; others get a directory that they may not write to.
func useSmallDisk(ctx context.Context, t *tally, w *world) error {
	store := filepath.Join(w.memory, "disk")
	if err := os.Mkdir(store, 0o700); err != nil {
		return err
	}
	options := fmt.Sprintf("size=%d,mode=0700", diskPages*pageBytes)
	if err := mount(ctx, "-t", "tmpfs", "-o", options, "tmpfs", store); err != nil {
		fmt.Printf("no small disk: %v\n", err)
		return forbidDirectory(ctx, t, w)
	}
	defer func() { _ = exec.Command("umount", store).Run() }() //nolint:gosec // A directory of this run.
	s, err := w.newSite(ctx, w.memory, "disk")
	if err != nil {
		return err
	}
	for free := range mostFree + 1 {
		failed, err := s.rotateWithRoomFor(ctx, free)
		if err != nil {
			return err
		}
		fmt.Printf("small disk with %d pages free: rotate failed: %t\n", free, failed)
		if free == 0 && !failed {
			t.fail("full disk", errors.New("rotate did not say so"))
		}
		s.checkAll(ctx, t, fmt.Sprintf("small disk with %d pages free", free))
	}
	remount := func(mode string) error { return mount(ctx, "-o", "remount,"+mode, store) }
	if err := remount("ro"); err != nil {
		return err
	}
	t.check("read-only disk", s.rotateFails(ctx))
	if err := remount("rw"); err != nil {
		return err
	}
	s.checkAll(ctx, t, "after a read-only disk")
	return nil
}

func mount(ctx context.Context, args ...string) error {
	out, err := exec.CommandContext(ctx, "mount", args...).CombinedOutput() //nolint:gosec // See its callers.
	if err != nil {
		return fmt.Errorf("mount: %w: %s", err, out)
	}
	return nil
}

// rotateWithRoomFor rotates on a disk with so many pages free, and makes room again.
func (s *site) rotateWithRoomFor(ctx context.Context, free int) (failed bool, err error) {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(s.store, &disk); err != nil {
		return false, err
	}
	filler := filepath.Join(s.store, "filler")
	content := make([]byte, max(0, int(disk.Bavail)-free)*pageBytes)
	if err := os.WriteFile(filler, content, 0o600); err != nil {
		return false, fmt.Errorf("filling the disk: %w", err)
	}
	failed = s.rotate(ctx, "0s").Run() != nil
	return failed, os.Remove(filler)
}

func (s *site) rotateFails(ctx context.Context) error {
	answered := s.exchanges.Load()
	if err := s.rotate(ctx, "0s").Run(); err == nil {
		return errors.New("rotate did not say so")
	}
	if sent := s.exchanges.Load() - answered; sent > 1 {
		return fmt.Errorf("%d requests were sent all the same", sent)
	}
	return nil
}

func forbidDirectory(ctx context.Context, t *tally, w *world) error {
	s, err := w.newSite(ctx, w.memory, "forbidden")
	if err != nil {
		return err
	}
	if err := os.Chmod(s.store, 0o500); err != nil { //nolint:gosec // For its owner alone, and less.
		return err
	}
	if err := os.WriteFile(filepath.Join(s.store, "probe"), nil, 0o600); err == nil {
		fmt.Println("no read-only directory: this user may write to it all the same")
		return nil
	}
	t.check("read-only directory", s.rotateFails(ctx))
	if err := os.Chmod(s.store, 0o700); err != nil { //nolint:gosec // As it was.
		return err
	}
	s.checkAll(ctx, t, "after a read-only directory")
	return nil
}
