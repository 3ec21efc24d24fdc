package main

import "slices"

// spread is what several figures of one kind lie between.
type spread struct{ least, median, most float64 }

// spreadOf returns the spread of one figure or more.
func spreadOf(figures []float64) spread {
	sorted := slices.Sorted(slices.Values(figures))
	middle := len(sorted) / 2
	median := sorted[middle]
	if len(sorted)%2 == 0 {
		median = (sorted[middle-1] + median) / 2
	}
	return spread{sorted[0], median, sorted[len(sorted)-1]}
}

// ratios returns each figure against that of the same round of another series.
func ratios(figures, against []float64) []float64 {
	out := make([]float64, len(figures))
	for round := range figures {
		out[round] = figures[round] / against[round]
	}
	return out
}
