package drift

import (
	"cmp"
	"slices"
)

// Document names one side of a comparison by what its info section says.
type Document struct {
	// Title is info.title.
	Title string `json:"title"`
	// Version is info.version.
	Version string `json:"version"`
}

// Report is the outcome of a comparison. Its methods only read; concurrent use is safe as long as
// nobody writes to its fields.
type Report struct {
	// Contract is the contract of this module.
	Contract Document `json:"contract"`
	// Revision is the document that it was compared with.
	Revision Document `json:"revision"`
	// Changes are sorted: breaking, additive, text, then by operation and place.
	Changes []Change `json:"changes"`
}

// Summary counts the changes of a report by kind.
type Summary struct {
	// Breaking is how many changes break a user of this contract.
	Breaking int `json:"breaking"`
	// Additive is how many add something that a user may leave alone.
	Additive int `json:"additive"`
	// Text is how many change words alone.
	Text int `json:"text"`
}

// Summary counts the changes by kind.
func (r *Report) Summary() Summary {
	var s Summary
	for _, c := range r.Changes {
		switch c.Kind {
		case Breaking:
			s.Breaking++
		case Additive:
			s.Additive++
		case Text:
			s.Text++
		}
	}
	return s
}

// Worst returns the kind of the change that matters most: [Breaking] before [Additive] before
// [Text]. It is empty when nothing changed.
func (r *Report) Worst() Kind {
	switch s := r.Summary(); {
	case s.Breaking > 0:
		return Breaking
	case s.Additive > 0:
		return Additive
	case s.Text > 0:
		return Text
	}
	return ""
}

// sortChanges gives a report one order, whatever the order of keys in the documents.
func sortChanges(changes []Change) {
	order := map[Kind]int{Breaking: 0, Additive: 1, Text: 2}
	slices.SortStableFunc(changes, func(a, b Change) int {
		return cmp.Or(
			cmp.Compare(order[a.Kind], order[b.Kind]),
			cmp.Compare(a.Path, b.Path),
			cmp.Compare(a.Method, b.Method),
			cmp.Compare(a.Place, b.Place),
			cmp.Compare(a.Aspect, b.Aspect),
			cmp.Compare(a.Was, b.Was),
			cmp.Compare(a.Is, b.Is),
		)
	})
}
