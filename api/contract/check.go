package contract

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const (
	formatUUID  = "uuid"
	formatInt64 = "int64"
)

// maxFindings bounds what one body can report: after that many the rest is noise.
const maxFindings = 20

// finding is a violation before it is told in which exchange it happened.
type finding struct {
	at       *place
	rule     Rule
	expected string
	got      string
}

// findings collects what is wrong with one message.
type findings []finding

func (f *findings) add(at *place, rule Rule, expected, got string) {
	if len(*f) < maxFindings {
		*f = append(*f, finding{at, rule, expected, got})
	}
}

// place is where a check looks: a header, a parameter, or a JSON pointer into a body. Its text
// is built only when it is needed, because most places are fine.
type place struct {
	parent *place
	name   string // of the member; the whole text of the root
	item   bool   // whether this is an item of an array
	index  int    // of the item
}

// root returns a place that no pointer leads into, such as "status" or "header NAME".
func root(name string) *place { return &place{name: name} }

func (p *place) String() string {
	if p.parent == nil {
		return p.name
	}
	step := strconv.Itoa(p.index)
	if !p.item {
		step = strings.ReplaceAll(strings.ReplaceAll(safeName(p.name), "~", "~0"), "/", "~1")
	}
	text := p.parent.String()
	if p.parent.parent == nil {
		text += " "
	}
	return text + "/" + step
}

// duplicates reports member names that occur more than once in one object, at every depth.
func (f *findings) duplicates(v *value, at *place) {
	var seen map[string]bool
	if len(v.members) > 1 {
		seen = make(map[string]bool, len(v.members))
	}
	for i := range v.members {
		m := &v.members[i]
		if seen[m.name] {
			f.add(&place{parent: at, name: m.name}, RuleDuplicateKey, "each member name once", "the name again")
		} else if seen != nil {
			seen[m.name] = true
		}
		if m.value.hasParts() {
			f.duplicates(&m.value, &place{parent: at, name: m.name})
		}
	}
	for i := range v.items {
		if v.items[i].hasParts() {
			f.duplicates(&v.items[i], &place{parent: at, item: true, index: i})
		}
	}
}

// check reports what of v does not fit s.
func (f *findings) check(s *schema, v *value, at *place) {
	for _, branch := range s.allOf {
		f.check(branch, v, at)
	}
	if v.kind == nullKind && s.nullable {
		return
	}
	if !s.kind.admits(v.kind) {
		rule := RuleType
		if v.kind == nullKind {
			rule = RuleNull
		}
		f.add(at, rule, s.kind.String(), describe(v))
		return
	}
	switch v.kind {
	case stringKind:
		f.checkString(s, v, at)
	case integerKind, numberKind:
		f.checkNumber(s, v, at)
	case arrayKind:
		f.checkItems(s, v, at)
	case objectKind:
		f.checkMembers(s, v, at)
	}
	f.checkOneOf(s, v, at)
	f.checkNot(s, v, at)
}

func (k kind) admits(got kind) bool {
	return k == anyKind || k == got
}

func (f *findings) checkString(s *schema, v *value, at *place) {
	if s.enum != nil && !slices.Contains(s.enum, v.text) {
		f.add(at, RuleEnum, "one of "+strings.Join(s.enum, ", "), describe(v))
	}
	if s.pattern != nil && !s.pattern.MatchString(v.text) {
		f.add(at, RulePattern, "a string that matches "+s.pattern.String(), describe(v))
	}
	if s.format == formatUUID && !isUUID(v.text) {
		f.add(at, RuleFormat, "a UUID", describe(v))
	}
}

func (f *findings) checkNumber(s *schema, v *value, at *place) {
	if s.kind != integerKind {
		return
	}
	number, err := strconv.ParseInt(v.text, 10, 64)
	tooLow := s.minimum != nil && number < *s.minimum
	tooHigh := s.maximum != nil && number > *s.maximum
	switch {
	// A bound is the better message than the format, and out of range means beyond both.
	case tooLow:
		f.add(at, RuleMinimum, fmt.Sprintf("at least %d", *s.minimum), describe(v))
	case tooHigh:
		f.add(at, RuleMaximum, fmt.Sprintf("at most %d", *s.maximum), describe(v))
	case err != nil:
		f.add(at, RuleFormat, "an integer of at most 64 bits", describe(v))
	}
}

func (f *findings) checkItems(s *schema, v *value, at *place) {
	if s.items == nil {
		return
	}
	for i := range v.items {
		f.check(s.items, &v.items[i], &place{parent: at, item: true, index: i})
	}
}

func (f *findings) checkMembers(s *schema, v *value, at *place) {
	for _, name := range s.required {
		if v.member(name) == nil {
			f.add(&place{parent: at, name: name}, RuleRequired, "a value", "no such member")
		}
	}
	if uint64(len(v.members)) < s.minProperties {
		f.add(at, RuleMinProperties, fmt.Sprintf("at least %d members", s.minProperties), describe(v))
	}
	if s.properties == nil {
		return
	}
	for i := range v.members {
		m := &v.members[i]
		here := &place{parent: at, name: m.name}
		if property := s.properties[m.name]; property != nil {
			f.check(property, &m.value, here)
		} else {
			f.add(here, RuleUnknownProperty,
				"one of "+strings.Join(s.propertyNames(), ", "), describe(&m.value))
		}
	}
}

func (f *findings) checkOneOf(s *schema, v *value, at *place) {
	if s.oneOf == nil {
		return
	}
	matched := 0
	var nearest *findings
	var names []string
	for _, branch := range s.oneOf {
		var inner findings
		inner.check(branch, v, at)
		if inner.fits() {
			matched++
		}
		// The branch of the same kind is what the sender meant, so its findings say more.
		if branch.kind == v.kind {
			nearest = &inner
		}
		names = append(names, branch.kind.String())
	}
	switch {
	case matched <= 1 && nearest != nil:
		for _, found := range *nearest {
			f.add(found.at, found.rule, found.expected, found.got)
		}
	case matched != 1:
		f.add(at, RuleOneOf, "exactly one of "+strings.Join(names, ", "), describe(v))
	}
}

func (f *findings) checkNot(s *schema, v *value, at *place) {
	if s.not == nil {
		return
	}
	var inner findings
	inner.check(s.not, v, at)
	if inner.fits() {
		f.add(at, RuleNot, "not all of "+strings.Join(s.not.required, ", "), "all of them")
	}
}

// fits reports whether the schema itself is met: unknown members are a rule of this package.
func (f findings) fits() bool {
	return !slices.ContainsFunc(f, func(found finding) bool { return found.rule != RuleUnknownProperty })
}
