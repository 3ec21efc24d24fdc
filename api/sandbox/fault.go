package sandbox

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// FaultPoint is when a fault strikes.
type FaultPoint string

// The points.
const (
	// BeforeProcessing is before the request is authenticated: nothing has changed.
	BeforeProcessing FaultPoint = "before"
	// AfterProcessing is when the operation has done its work and the answer has not begun.
	AfterProcessing FaultPoint = "after"
	// DuringAnswer is when half of the answer's body is on its way.
	DuringAnswer FaultPoint = "during"
)

// FaultKind is what goes wrong.
type FaultKind string

// The kinds, each with the points at which it can strike. The first is taken when a [Fault]
// names none.
const (
	// FaultDelay waits for Fault.Duration: before, after, during.
	FaultDelay FaultKind = "delay"
	// FaultReset resets the connection (TCP RST): before, after, during.
	FaultReset FaultKind = "reset"
	// FaultDrop closes the connection in good order without an answer: before, after.
	FaultDrop FaultKind = "drop"
	// FaultHalfBody announces the whole body, sends half of it and closes the connection:
	// during.
	FaultHalfBody FaultKind = "half_body"
	// FaultStatus answers with Fault.Status, Header and Body in place of the real answer:
	// before, after.
	FaultStatus FaultKind = "status"
	// FaultWrongType gives Fault.Field of a JSON answer another JSON type: after.
	FaultWrongType FaultKind = "wrong_type"
	// FaultMissingField leaves Fault.Field out of a JSON answer: after.
	FaultMissingField FaultKind = "missing_field"
	// FaultStaleList has getApiKeys show the state of Fault.Duration ago, up to an hour:
	// before.
	FaultStaleList FaultKind = "stale_list"
	// FaultWrongDate shifts the header Date by Fault.Duration, which may be negative: after.
	FaultWrongDate FaultKind = "wrong_date"
)

// Fault is one thing that goes wrong with requests on purpose.
type Fault struct {
	// Operation is the contract's operation ID, such as [OperationGenerateAPIKey]. It is empty
	// for all operations.
	Operation string
	// Point is when the fault strikes.
	Point FaultPoint
	// Kind is what goes wrong.
	Kind FaultKind
	// Times is how many requests are struck. 0 is every request.
	Times int
	// Duration is for a delay, a stale list and a wrong date.
	Duration time.Duration
	// Status, Header and Body make the answer of a status fault. Content-Type is
	// application/json unless Header has another.
	Status int
	Header map[string]string
	Body   string
	// Field is the field of a wrong type or a missing field, as a JSON pointer: /api_keys/0/name.
	Field string
}

// faultRule says at which points a kind can strike and which parameters it needs. What it does
// not need it does not take.
type faultRule struct {
	points                  []FaultPoint
	duration, status, field bool
}

func faultRules() map[FaultKind]faultRule {
	return map[FaultKind]faultRule{
		FaultDelay:        {points: []FaultPoint{BeforeProcessing, AfterProcessing, DuringAnswer}, duration: true},
		FaultReset:        {points: []FaultPoint{BeforeProcessing, AfterProcessing, DuringAnswer}},
		FaultDrop:         {points: []FaultPoint{BeforeProcessing, AfterProcessing}},
		FaultHalfBody:     {points: []FaultPoint{DuringAnswer}},
		FaultStatus:       {points: []FaultPoint{BeforeProcessing, AfterProcessing}, status: true},
		FaultWrongType:    {points: []FaultPoint{AfterProcessing}, field: true},
		FaultMissingField: {points: []FaultPoint{AfterProcessing}, field: true},
		FaultStaleList:    {points: []FaultPoint{BeforeProcessing}, duration: true},
		FaultWrongDate:    {points: []FaultPoint{AfterProcessing}, duration: true},
	}
}

// checked returns the fault with its point filled in, or what is wrong with it.
func (f Fault) checked() (Fault, error) {
	rule, known := faultRules()[f.Kind]
	if !known {
		return f, errors.New("the kind is unknown: it is one of delay, reset, drop, half_body, " +
			"status, wrong_type, missing_field, stale_list, wrong_date")
	}
	if f.Point == "" {
		f.Point = rule.points[0]
	}
	switch {
	case !slices.Contains([]FaultPoint{BeforeProcessing, AfterProcessing, DuringAnswer}, f.Point):
		return f, errors.New("the point is unknown: it is one of before, after, during")
	case !slices.Contains(rule.points, f.Point):
		return f, fmt.Errorf("%s cannot strike %s, only %v", f.Kind, f.Point, rule.points)
	case f.Operation != "" && !slices.Contains(allOperations(), f.Operation):
		return f, fmt.Errorf("the operation is unknown: it is one of %v", allOperations())
	case f.Kind == FaultStaleList && f.Operation != "" && f.Operation != OperationGetAPIKeys:
		return f, fmt.Errorf("%s strikes %s alone", f.Kind, OperationGetAPIKeys)
	case f.Times < 0:
		return f, errors.New("times is negative: 0 is always")
	}
	return f, f.checkParameters(rule)
}

func (f Fault) checkParameters(rule faultRule) error {
	hasAnswer := f.Status != 0 || f.Body != "" || len(f.Header) > 0
	switch {
	case rule.duration != (f.Duration != 0):
		return fmt.Errorf("%s %s a duration", f.Kind, needs(rule.duration))
	case f.Duration < 0 && f.Kind != FaultWrongDate:
		return fmt.Errorf("%s: the duration is negative", f.Kind)
	case rule.field != (f.Field != ""):
		return fmt.Errorf("%s %s a field", f.Kind, needs(rule.field))
	case rule.field && f.Field[0] != '/':
		return fmt.Errorf("%s: the field is a JSON pointer and starts with a slash", f.Kind)
	case rule.status != hasAnswer:
		return fmt.Errorf("%s %s a status, header and body", f.Kind, needs(rule.status))
	case rule.status && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("%s: the status is outside 200 to 599", f.Kind)
	case (f.Status == 204 || f.Status == 304) && f.Body != "":
		return fmt.Errorf("%s: an answer %d has no body", f.Kind, f.Status)
	}
	return nil
}

func needs(yes bool) string {
	if yes {
		return "needs"
	}
	return "does not take"
}

// SetFaults replaces all faults. A request is struck by the first fault that names its
// operation and has not struck as often as it may; a fault that finds nothing to strike, such
// as a missing field in an answer without that field, has not struck. If one of the faults
// cannot be, the error names it and nothing changes.
func (s *Sandbox) SetFaults(faults ...Fault) error {
	checked := make([]*armedFault, 0, len(faults))
	for i, fault := range faults {
		fault, err := fault.checked()
		if err != nil {
			return fmt.Errorf("sandbox: fault %d: %w", i, err)
		}
		checked = append(checked, &armedFault{Fault: fault, left: fault.Times})
	}
	s.faults.set(checked)
	return nil
}

// ClearFaults removes all faults.
func (s *Sandbox) ClearFaults() { s.faults.set(nil) }

// Faults returns the faults that can still strike, with Times being how often.
func (s *Sandbox) Faults() []Fault { return s.faults.remaining() }

type faultSet struct {
	mu    sync.Mutex
	armed []*armedFault
}

type armedFault struct {
	Fault
	left int
}

func (f *armedFault) spent() bool { return f.Times > 0 && f.left == 0 }

func (f *armedFault) strikes(operation string) bool {
	if f.Kind == FaultStaleList && operation != OperationGetAPIKeys {
		return false
	}
	return !f.spent() && (f.Operation == "" || f.Operation == operation)
}

func (s *faultSet) set(armed []*armedFault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed = armed
}

// take returns the fault for a request, or nil.
func (s *faultSet) take(operation string) *armedFault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, fault := range s.armed {
		if fault.strikes(operation) {
			fault.left--
			return fault
		}
	}
	return nil
}

// giveBack lets a fault that has not struck strike another time.
func (s *faultSet) giveBack(fault *armedFault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fault.left++
}

func (s *faultSet) remaining() []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	faults := []Fault{}
	for _, armed := range s.armed {
		if armed.spent() {
			continue
		}
		fault := armed.Fault
		fault.Times = max(armed.left, 0)
		faults = append(faults, fault)
	}
	return faults
}
