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
	// mostFree is how many pages of it are left free at most.
	mostFree = 8
)

// fillDisk lets rotations meet a small disk that is full, and fuller and less full ones. Only
// root may mount one.
func fillDisk(ctx context.Context, t *tally, w *world) error {
	dir := filepath.Join(w.dir, "disk")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	options := fmt.Sprintf("size=%d,mode=0700", diskPages*pageBytes)
	//nolint:gosec // A directory of this run.
	if out, err := exec.CommandContext(ctx, "mount", "-t", "tmpfs", "-o", options, "tmpfs", dir).CombinedOutput(); err != nil {
		fmt.Printf("NOT CHECKED: a full disk, since none could be mounted: %v: %s\n", err, out)
		return nil
	}
	// Also when ctx has ended, so that the directory can be removed.
	defer func() { _ = exec.CommandContext(context.WithoutCancel(ctx), "umount", dir).Run() }() //nolint:gosec // A directory of this run.
	s, err := w.newSite(ctx, "disk")
	if err != nil {
		return err
	}
	for free := range mostFree + 1 {
		failed, err := s.rotateWithRoomFor(ctx, free)
		if err != nil {
			return err
		}
		fmt.Printf("disk with %d pages free: rotate failed: %t\n", free, failed)
		if free == 0 && !failed {
			t.fail("full disk", errors.New("rotate did not say so"))
		}
		s.checkAll(ctx, t, fmt.Sprintf("disk with %d pages free", free))
	}
	return nil
}

// rotateWithRoomFor rotates on a disk with so many pages free, and makes room again.
func (s *site) rotateWithRoomFor(ctx context.Context, free int) (failed bool, err error) {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(s.dir, &disk); err != nil {
		return false, err
	}
	filler := filepath.Join(s.dir, "filler")
	content := make([]byte, max(0, int(disk.Bavail)-free)*pageBytes) //nolint:gosec // A small disk.
	if err := os.WriteFile(filler, content, 0o600); err != nil {
		return false, fmt.Errorf("filling the disk: %w", err)
	}
	failed = s.rotate(ctx, "0s").Run() != nil
	return failed, os.Remove(filler)
}
