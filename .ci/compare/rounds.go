package main

import (
	"context"
	"fmt"
	"os"
)

// subject is one of the things that are compared.
type subject struct {
	name string
	// run measures once, and returns a figure for each measure.
	run func(ctx context.Context) (map[measure]float64, error)
}

// series are the figures of one subject, round by round.
type series map[measure][]float64

// interleave runs all subjects in each round, each round beginning with another one. The series
// are in the order of the subjects.
func interleave(ctx context.Context, rounds int, subjects []subject) ([]series, error) {
	all := make([]series, len(subjects))
	for i := range all {
		all[i] = series{}
	}
	for round := range rounds {
		for i := range subjects {
			at := (round + i) % len(subjects)
			fmt.Fprintf(os.Stderr, "round %d of %d: %s\n", round+1, rounds, subjects[at].name)
			figures, err := subjects[at].run(ctx)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", subjects[at].name, err)
			}
			for what, figure := range figures {
				all[at][what] = append(all[at][what], figure)
			}
		}
	}
	return all, nil
}
