package main

import "testing"

func TestWrkIsTakenAtItsWordOnlyIfAllAnswersAreGood(t *testing.T) {
	const good = "  41837 requests in 3.00s, 9.6MB read\nRequests/sec:  13941.61\nTransfer/sec: 3.19MB\n"
	for name, row := range map[string]struct {
		printed string
		want    float64
	}{
		"all answers are good":   {good, 13941.61},
		"an answer is an error":  {"  Non-2xx or 3xx responses: 12\n" + good, 0},
		"a connection broke off": {"  Socket errors: connect 0, read 1, write 0, timeout 0\n" + good, 0},
		"nothing was answered":   {"  0 requests in 3.00s\nRequests/sec:      0.00\n", 0},
		"it printed its usage":   {"Usage: wrk <options> <url>", 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := parseWrk(row.printed); got != row.want || (err == nil) != (row.want > 0) {
				t.Errorf("%g, %v", got, err)
			}
		})
	}
}

func TestRatiosAreWithinARound(t *testing.T) {
	fast, slow := []figures{{perSecond: 20}, {perSecond: 10}}, []figures{{perSecond: 10}, {perSecond: 2}}
	if got := ratios(fast, slow, func(f figures) float64 { return f.perSecond }); got[0] != 2 || got[1] != 5 || median(got) != 3.5 {
		t.Errorf("ratios %v, median %g", got, median(got))
	}
}
