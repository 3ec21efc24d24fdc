package main

import "testing"

func TestASpreadIsTheLeastTheMedianAndTheMost(t *testing.T) {
	for name, test := range map[string]struct {
		figures []float64
		want    spread
	}{
		"one figure is all three":                    {[]float64{4}, spread{4, 4, 4}},
		"an odd number has one in the middle":        {[]float64{9, 1, 3}, spread{1, 3, 9}},
		"of an even number, the mean of the middle":  {[]float64{8, 1, 2, 4}, spread{1, 3, 8}},
		"the order of the rounds is of no concern":   {[]float64{5, 4, 3, 2, 1}, spread{1, 3, 5}},
		"equal figures count as often as they occur": {[]float64{7, 7, 1}, spread{1, 7, 7}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := spreadOf(test.figures); got != test.want {
				t.Errorf("spreadOf(%v) = %v, want %v", test.figures, got, test.want)
			}
		})
	}
}

func TestARatioIsWithinItsRound(t *testing.T) {
	got := spreadOf(ratios([]float64{10, 40, 30}, []float64{10, 20, 10}))
	if want := (spread{1, 2, 3}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}
