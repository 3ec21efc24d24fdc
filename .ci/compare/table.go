package main

import (
	"fmt"
	"slices"
	"strings"
)

// measure is what a table is of, with its unit.
type measure struct{ name, unit string }

// target is what the ratio of a subject is to be: at least or at most so much.
type target struct {
	subject string
	of      measure
	least   float64
	most    float64
}

func (t target) verdict(ratio float64) string {
	aim, met := fmt.Sprintf("at least %g", t.least), ratio >= t.least
	if t.most > 0 {
		aim, met = fmt.Sprintf("at most %g", t.most), ratio <= t.most
	}
	if met {
		return aim + ": met"
	}
	return aim + ": missed"
}

// table writes the Markdown table of one measure, with ratios against the first subject.
func table(of measure, subjects []subject, all []series, targets []target) string {
	var text strings.Builder
	fmt.Fprintf(&text, "\n| %s | median | ratio: least | median | most | target |\n", of.name)
	text.WriteString("|---|---:|---:|---:|---:|---|\n")
	for i, subject := range subjects {
		ratio := spreadOf(ratios(all[i][of], all[0][of]))
		verdict := ""
		at := slices.IndexFunc(targets, func(t target) bool { return t.subject == subject.name && t.of == of })
		if at >= 0 {
			verdict = targets[at].verdict(ratio.median)
		}
		fmt.Fprintf(&text, "| %s | %s %s | %s | %s | %s | %s |\n", subject.name,
			number(spreadOf(all[i][of]).median), of.unit,
			number(ratio.least), number(ratio.median), number(ratio.most), verdict)
	}
	return text.String()
}

// number writes three digits, or more where there are more before the point.
func number(x float64) string {
	if x >= 100 {
		return fmt.Sprintf("%.0f", x)
	}
	return strings.TrimSuffix(fmt.Sprintf("%#.3g", x), ".")
}
