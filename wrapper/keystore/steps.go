package keystore

import (
	"errors"
	"fmt"
	"syscall"
)

// The steps in which a [Directory] changes the file system, as [WithSteps] names them.
const (
	// StepMakeDirectory: the store's directory, or the one for what is set aside, is made.
	StepMakeDirectory = "make directory"
	// StepLock: the lock is taken.
	StepLock = "lock"
	// StepCreate: a temporary file is created.
	StepCreate = "create"
	// StepWrite: the content goes into the temporary file.
	StepWrite = "write"
	// StepSync: the content is made durable.
	StepSync = "sync"
	// StepRename: the file gets its place, or is set aside.
	StepRename = "rename"
	// StepSyncDirectory: the names in a directory are made durable.
	StepSyncDirectory = "sync directory"
	// StepRemove: a file is removed.
	StepRemove = "remove"
	// StepUnlock: the lock is given back.
	StepUnlock = "unlock"
)

// ErrSkipStep is for the function given to [WithSteps]: a step for which it returns this is left
// out and counts as done. A test that nothing but a power cut could fail need not wait for the
// disk.
var ErrSkipStep = errors.New("keystore: the step is skipped")

// steps is what is called before each step, nil for nothing.
type steps func(step string) error

// take does one step, unless it is to fail or to be the last.
func (s steps) take(step string, do func() error) error {
	if s == nil {
		return do()
	}
	err := s(step)
	switch {
	case err == nil:
		return do()
	case errors.Is(err, ErrSkipStep):
		return nil
	}
	if _, refused := errors.AsType[syscall.Errno](err); refused {
		return err
	}
	return &stopError{step, err}
}

// stopError ends everything where it occurs, as a crash would.
type stopError struct {
	step  string
	cause error
}

func (e *stopError) Error() string {
	return fmt.Sprintf("keystore: stopped before the step %q: %v", e.step, e.cause)
}

func (e *stopError) Unwrap() error { return e.cause }

func isStop(err error) bool {
	_, ok := errors.AsType[*stopError](err)
	return ok
}
