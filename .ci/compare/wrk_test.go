package main

import (
	"strings"
	"testing"
)

const goodRun = `Running 3s test @ http://127.0.0.1:4010/api_keys
  1 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     6.80ms    3.11ms  41.27ms   89.07%
    Req/Sec     2.39k   318.21     2.79k    80.00%
  7141 requests in 3.00s, 3.37MB read
Requests/sec:   2376.58
Transfer/sec:      1.12MB`

func TestWrkIsReadAsItPrints(t *testing.T) {
	got, err := parseWrk(goodRun)
	if want := (wrkRun{requests: 7141, perSecond: 2376.58}); err != nil || got != want {
		t.Errorf("got %v and %v, want %v", got, err, want)
	}
}

func TestARunWithAnyBadAnswerIsRefused(t *testing.T) {
	for name, out := range map[string]string{
		"a status that is no success":  strings.Replace(goodRun, "Requests/sec", "  Non-2xx or 3xx responses: 1\nRequests/sec", 1),
		"an error of a connection":     strings.Replace(goodRun, "Requests/sec", "  Socket errors: connect 0, read 1, write 0, timeout 0\nRequests/sec", 1),
		"no answer at all":             strings.Replace(goodRun, "7141", "0", 1),
		"something that is not wrk's":  "unable to connect",
		"a count that is out of range": strings.Replace(goodRun, "7141", strings.Repeat("9", 30), 1),
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := parseWrk(out); err == nil {
				t.Errorf("it was read as %v", got)
			}
		})
	}
}
