package sandbox

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// FaultPoint is when a fault happens, in the course of a request.
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

// The kinds, each with the points at which it can happen. The first is taken when a [Fault]
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
	// Operation is the contract's operation ID. It is empty for all requests.
	Operation protocol.Operation `json:"operation,omitempty"`
	// Method and Path are those of the requests, for an endpoint that the contract does not have. Path
	// is below the base path, such as /portfolio/orders. Each is empty for all.
	Method string `json:"method,omitempty"`
	Path   string `json:"path,omitempty"`
	// Point is when the fault happens.
	Point FaultPoint `json:"point,omitempty"`
	// Kind is what goes wrong.
	Kind FaultKind `json:"kind"`
	// Times is how many requests it happens to. 0 is every request.
	Times int `json:"times,omitempty"`
	// Duration is for a delay, a stale list and a wrong date.
	Duration time.Duration `json:"-"`
	// Status, Header and Body make the answer of a status fault. Content-Type is
	// application/json unless Header has another.
	Status int               `json:"status,omitempty"`
	Header map[string]string `json:"header,omitempty"`
	Body   string            `json:"body,omitempty"`
	// Field is the field of a wrong type or a missing field, as a JSON pointer: /api_keys/0/name.
	Field string `json:"field,omitempty"`
}

// faultRule says at which points a kind can happen and which parameters it needs. It takes no
// others.
type faultRule struct {
	kind                    FaultKind
	points                  []FaultPoint
	duration, status, field bool
}

func faultRules() []faultRule {
	const before, after, during = BeforeProcessing, AfterProcessing, DuringAnswer
	return []faultRule{
		{kind: FaultDelay, points: []FaultPoint{before, after, during}, duration: true},
		{kind: FaultReset, points: []FaultPoint{before, after, during}},
		{kind: FaultDrop, points: []FaultPoint{before, after}},
		{kind: FaultHalfBody, points: []FaultPoint{during}},
		{kind: FaultStatus, points: []FaultPoint{before, after}, status: true},
		{kind: FaultWrongType, points: []FaultPoint{after}, field: true},
		{kind: FaultMissingField, points: []FaultPoint{after}, field: true},
		{kind: FaultStaleList, points: []FaultPoint{before}, duration: true},
		{kind: FaultWrongDate, points: []FaultPoint{after}, duration: true},
	}
}

// checked returns the fault with its point filled in, or what is wrong with it.
func (f Fault) checked() (Fault, error) {
	rules := faultRules()
	at := slices.IndexFunc(rules, func(rule faultRule) bool { return rule.kind == f.Kind })
	if at < 0 {
		return f, errors.New("the kind is unknown: it is one of delay, reset, drop, half_body, " +
			"status, wrong_type, missing_field, stale_list, wrong_date")
	}
	rule := rules[at]
	f.Point = cmp.Or(f.Point, rule.points[0])
	switch {
	case !slices.Contains(rules[0].points, f.Point):
		return f, errors.New("the point is unknown: it is one of before, after, during")
	case !slices.Contains(rule.points, f.Point):
		return f, fmt.Errorf("%s cannot happen %s, only %v", f.Kind, f.Point, rule.points)
	case f.Operation != "" && !slices.Contains(operationIDs(), f.Operation):
		return f, fmt.Errorf("the operation is unknown: it is one of %v", operationIDs())
	case f.Path != "" && f.Path[0] != '/':
		return f, errors.New("the path is below the base path and starts with a slash")
	case f.Kind == FaultStaleList && f.Operation != "" && f.Operation != protocol.GetAPIKeys:
		return f, fmt.Errorf("%s is for %s alone", f.Kind, protocol.GetAPIKeys)
	case f.Times < 0:
		return f, errors.New("times is negative: 0 is always")
	}
	return f, f.checkParameters(rule)
}

func (f Fault) checkParameters(rule faultRule) error {
	for _, parameter := range []struct {
		name         string
		needs, given bool
	}{
		{"a duration", rule.duration, f.Duration != 0},
		{"a field", rule.field, f.Field != ""},
		{"a status, header and body", rule.status, f.Status != 0 || f.Body != "" || len(f.Header) > 0},
	} {
		switch {
		case parameter.needs && !parameter.given:
			return fmt.Errorf("%s needs %s", f.Kind, parameter.name)
		case parameter.given && !parameter.needs:
			return fmt.Errorf("%s does not take %s", f.Kind, parameter.name)
		}
	}
	switch {
	case f.Duration < 0 && f.Kind != FaultWrongDate:
		return fmt.Errorf("%s: the duration is negative", f.Kind)
	case rule.field && f.Field[0] != '/':
		return fmt.Errorf("%s: the field is a JSON pointer and starts with a slash", f.Kind)
	case rule.status && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("%s: the status is outside 200 to 599", f.Kind)
	case (f.Status == 204 || f.Status == 304) && f.Body != "":
		return fmt.Errorf("%s: an answer %d has no body", f.Kind, f.Status)
	}
	return nil
}

// SetFaults replaces all faults. At most one happens to a request: the first that names its
// operation and has not happened as often as it may. A fault that the answer has no place for,
// such as a missing field in an answer without that field, does not count. If one of the faults is
// invalid, the error names it and nothing changes.
func (s *Sandbox) SetFaults(faults ...Fault) error {
	checked := make([]*setFault, 0, len(faults))
	for i, fault := range faults {
		fault, err := fault.checked()
		if err != nil {
			return fmt.Errorf("sandbox: fault %d: %w", i, err)
		}
		checked = append(checked, &setFault{Fault: fault, left: fault.Times})
	}
	s.faults.replace(checked)
	return nil
}

// ClearFaults removes all faults.
func (s *Sandbox) ClearFaults() { s.faults.replace(nil) }

// Faults returns the faults that can still happen, with Times being how often.
func (s *Sandbox) Faults() []Fault { return s.faults.remaining() }

type faultSet struct {
	mu  sync.Mutex
	set []*setFault
}

// setFault is a fault with how often it may still happen.
type setFault struct {
	Fault
	left int
}

func (f *setFault) isSpent() bool { return f.Times > 0 && f.left == 0 }

func (f *setFault) isFor(request *Exchange) bool {
	if f.Kind == FaultStaleList && request.Operation != protocol.GetAPIKeys {
		return false
	}
	return !f.isSpent() && (f.Operation == "" || f.Operation == request.Operation) &&
		(f.Method == "" || f.Method == request.Method) && (f.Path == "" || BasePath+f.Path == request.Path)
}

func (s *faultSet) replace(set []*setFault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.set = set
}

// take returns the fault for a request, or nil.
func (s *faultSet) take(request *Exchange) *setFault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, fault := range s.set {
		if fault.isFor(request) {
			fault.left--
			return fault
		}
	}
	return nil
}

// giveBack lets a fault that has not happened happen another time.
func (s *faultSet) giveBack(fault *setFault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fault.left++
}

func (s *faultSet) remaining() []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	faults := []Fault{}
	for _, each := range s.set {
		if each.isSpent() {
			continue
		}
		fault := each.Fault
		fault.Times = max(each.left, 0)
		faults = append(faults, fault)
	}
	return faults
}
