package lifecycle_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper/lifecycle"
)

// faults are all kinds at all points, but for lies: a refusal with a documented 4xx status of
// what was done, or the 404 of a key that is there.
func faults() []sandbox.Fault {
	var all []sandbox.Fault
	add := func(kind sandbox.FaultKind, fault sandbox.Fault, points ...sandbox.FaultPoint) {
		for _, point := range points {
			fault.Kind, fault.Point, fault.Times = kind, point, 1
			all = append(all, fault)
		}
	}
	before, after, during := sandbox.BeforeProcessing, sandbox.AfterProcessing, sandbox.DuringAnswer
	add(sandbox.FaultDelay, sandbox.Fault{Duration: 3 * time.Second}, before, after, during)
	add(sandbox.FaultDelay, sandbox.Fault{Duration: time.Minute}, before, after, during)
	add(sandbox.FaultReset, sandbox.Fault{}, before, after, during)
	add(sandbox.FaultDrop, sandbox.Fault{}, before, after)
	add(sandbox.FaultHalfBody, sandbox.Fault{}, during)
	for _, status := range []int{http.StatusInternalServerError, http.StatusServiceUnavailable, http.StatusRequestTimeout} {
		add(sandbox.FaultStatus, sandbox.Fault{Status: status, Body: `{"error":"injected"}`}, before, after)
	}
	add(sandbox.FaultStatus, sandbox.Fault{Status: http.StatusOK, Body: `<html>`}, before, after)
	for _, status := range []int{http.StatusBadRequest, http.StatusForbidden, http.StatusConflict, http.StatusTooManyRequests} {
		add(sandbox.FaultStatus, sandbox.Fault{Status: status, Body: `{"error":"injected"}`}, before)
	}
	page := sandbox.Fault{Body: "<html>", Header: map[string]string{"Content-Type": "text/html"}}
	for _, page.Status = range []int{http.StatusForbidden, http.StatusNotFound} {
		add(sandbox.FaultStatus, page, before, after)
	}
	unknownKey := `{"error":{"code":"authentication_error","message":"x","details":"NOT_FOUND"}}`
	add(sandbox.FaultStatus, sandbox.Fault{Status: http.StatusUnauthorized, Body: unknownKey}, before)
	for _, field := range []string{"/api_keys", "/api_keys/0/api_key_id", "/api_keys/0/scopes", "/api_key_id", "/private_key"} {
		add(sandbox.FaultWrongType, sandbox.Fault{Field: field}, after)
		add(sandbox.FaultMissingField, sandbox.Fault{Field: field}, after)
	}
	add(sandbox.FaultStaleList, sandbox.Fault{Duration: 10 * time.Minute}, before)
	add(sandbox.FaultWrongDate, sandbox.Fault{Duration: time.Hour}, after)
	return all
}

func describe(fault sandbox.Fault) string {
	return strings.TrimSpace(fmt.Sprint(fault.Kind, " ", fault.Point, " ", fault.Status, " ", fault.Field, " ", fault.Duration))
}

// strikeRequest sets the fault for the n-th request from now.
func (w *world) strikeRequest(n int, fault sandbox.Fault) {
	w.seam.beforeRequest = func(at int) {
		if at != n {
			return
		}
		if err := w.setFault(fault); err != nil {
			w.t.Error(err)
		}
	}
}

// requests returns how many requests the work sends when nothing goes wrong.
func (s scenario) requests(t *testing.T) int {
	t.Helper()
	w := s.begin(t)
	if err := s.work(w, w.manager); err != nil {
		t.Fatal(err)
	}
	return len(w.seam.requests)
}

func TestWithAnyFaultAtAnyRequestAllPromisesAreKept(t *testing.T) {
	if isShort() {
		return
	}
	var total atomic.Int64
	inParallel(t, scenarios(), func(t *testing.T, s scenario) {
		t.Helper()
		for n := range s.requests(t) {
			for _, fault := range faults() {
				if err := s.withFault(t, n, fault); err != nil {
					t.Errorf("%s at request %d: %v", describe(fault), n, err)
				}
				total.Add(1)
			}
		}
	})
	t.Logf("faults: %d", total.Load())
}

// withFault runs the work with one fault. The work may succeed or fail; what it says must be so.
func (s scenario) withFault(t *testing.T, n int, fault sandbox.Fault) error {
	t.Helper()
	w := s.begin(t)
	w.strikeRequest(n, fault)
	failed := s.work(w, w.manager)
	w.clearFaults()
	return w.checkOutcome(failed)
}

// checkOutcome checks what work said about itself. Unless it is unfinished, there must be nothing
// left to recover.
func (w *world) checkOutcome(failed error) error {
	before := w.entries()
	if !errors.Is(failed, lifecycle.ErrUnfinished) {
		if err := w.checkPromises(before); err != nil {
			return fmt.Errorf("before recovery: %w (the work returned %w)", err, failed)
		}
	}
	if err := w.checkAfterRecovery(before); err != nil {
		return fmt.Errorf("%w (the work returned %w)", err, failed)
	}
	return nil
}

func TestWithAFaultAndACrashAllPromisesAreKept(t *testing.T) {
	if isShort() {
		return
	}
	const runs = 60
	var total, died atomic.Int64
	inParallel(t, scenarios(), func(t *testing.T, s scenario) {
		t.Helper()
		all := faults()
		for i := range runs {
			// Strides that share no divisor with the lengths meet different combinations each time.
			fault, n, step := all[i*7%len(all)], i/3%5, i*11%31
			crashed, err := s.withFaultAndCrash(t, n, fault, step)
			if err != nil {
				t.Errorf("%s at request %d, crash at step %d: %v", describe(fault), n, step, err)
			}
			if crashed {
				died.Add(1)
			}
			total.Add(1)
		}
	})
	t.Logf("combinations of fault and crash: %d, with a crash: %d", total.Load(), died.Load())
}

func (s scenario) withFaultAndCrash(t *testing.T, n int, fault sandbox.Fault, step int) (died bool, err error) {
	t.Helper()
	w := s.begin(t)
	w.strikeRequest(n, fault)
	w.seam.strikeAt = step
	died, _ = w.run(func(m *lifecycle.Manager) error { return s.work(w, m) })
	w.clearFaults()
	w.deliverLate()
	return died, w.checkAfterRecovery(w.entries())
}

func TestWithAFullDiskAtAnyStepAllPromisesAreKept(t *testing.T) {
	if isShort() {
		return
	}
	var total atomic.Int64
	inParallel(t, scenarios(), func(t *testing.T, s scenario) {
		t.Helper()
		for n, step := range s.steps(t) {
			if !isWrite(step) {
				continue
			}
			for _, length := range []int{1, 2, 1000} {
				if err := s.withFullDisk(t, n, length); err != nil {
					t.Errorf("full for %d steps from step %d, %s: %v", length, n, step, err)
				}
				total.Add(1)
			}
		}
	})
	t.Logf("full disks: %d", total.Load())
}

func isWrite(step string) bool {
	return step == stepWrite || step == stepWritten
}

func (s scenario) withFullDisk(t *testing.T, step, length int) error {
	t.Helper()
	w := s.begin(t)
	w.seam.strikeAt, w.seam.full, w.seam.fullFor = step, true, length
	failed := s.work(w, w.manager)
	w.seam.full = false
	return w.checkOutcome(failed)
}
