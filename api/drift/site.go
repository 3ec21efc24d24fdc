package drift

import (
	"encoding/json"
	"fmt"
	"strings"
)

// recorder collects the changes of one comparison.
type recorder struct{ changes []Change }

// of is the site of an operation as a whole.
func (r *recorder) of(o operation) site {
	return site{r: r, change: Change{Operation: o.node.OperationID, Method: o.method, Path: o.path, Place: "operation"}}
}

// site is a place in an operation, where changes are found.
type site struct {
	r      *recorder
	change Change // operation, direction and place only
}

// at moves to a named part of the operation, as "response 200".
func (s site) at(place string) site {
	s.change.Place = place
	return s
}

// within appends to the place, as " body".
func (s site) within(part string) site {
	s.change.Place += part
	return s
}

// in sets the direction.
func (s site) in(d Direction) site {
	s.change.Direction = d
	return s
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

// child descends in the values of a body: a property's name, items, oneOf/0.
func (s site) child(names ...string) site {
	place := s.change.Place
	if !strings.Contains(place, " /") {
		place += " "
	}
	for _, name := range names {
		place += "/" + pointerEscapes.Replace(name)
	}
	return s.at(place)
}

// add records a change.
func (s site) add(kind Kind, aspect, was, is, meaning string) {
	c := s.change
	c.Kind, c.Aspect, c.Was, c.Is, c.Meaning = kind, aspect, was, is, meaning
	s.r.changes = append(s.r.changes, c)
}

// words records a change of words for people.
func (s site) words(aspect string, was, is any) {
	s.add(Text, aspect, valueText(was), valueText(is), "Only words for people changed.")
}

// effect is what a change does to the set of messages that are legal.
type effect int

const (
	narrower  effect = iota // some that were legal no longer are
	wider                   // some that were not legal now are
	different               // both, or it cannot be told
)

// weigh records a change whose kind follows from its effect and direction.
func (s site) weigh(e effect, aspect, was, is string) {
	v := verdictOf(s.change.Direction, e)
	s.add(v.kind, aspect, was, is, v.meaning)
}

type verdict struct {
	kind    Kind
	meaning string
}

func verdictOf(d Direction, e effect) verdict {
	switch {
	case d == Request && e == narrower:
		return verdict{Breaking, "A request that this client may send today can be refused."}
	case d == Request && e == wider:
		return verdict{Additive, "The revision allows more than this client sends; what is sent today stays valid."}
	case d == Request:
		return verdict{Breaking, "A request that this client may send today can be refused, or mean something else."}
	case e == narrower:
		return verdict{Additive, "Answers promise more than this client expects; what it reads today stays readable."}
	case e == wider:
		return verdict{Breaking, "An answer may be something that this client does not expect; programs that rely on the old promise may fail."}
	default:
		return verdict{Breaking, "An answer may be something that this client does not expect; programs that read this part may fail."}
	}
}

// valueText writes a value of a document on one line: text as it is, nothing as nothing, anything
// else as JSON.
func valueText(value any) string {
	if text, is := value.(string); is {
		return text
	}
	encoded, err := json.Marshal(value)
	switch {
	case err != nil:
		return fmt.Sprint(value)
	case string(encoded) == "null": // nothing, or a nil pointer or map
		return ""
	default:
		return string(encoded)
	}
}
