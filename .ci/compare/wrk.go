package main

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// wrkRun is what wrk found.
type wrkRun struct {
	requests  int64
	perSecond float64
}

// runWrk asks the endpoint again and again on so many connections. Every answer must be good.
func runWrk(ctx context.Context, at endpoint, connections int, duration time.Duration) (wrkRun, error) {
	request, err := at.request(ctx)
	if err != nil {
		return wrkRun{}, err
	}
	args := []string{"-t1", fmt.Sprintf("-c%d", connections), fmt.Sprintf("-d%ds", int(duration.Seconds()))}
	for name := range request.Header {
		args = append(args, "-H", name+": "+request.Header.Get(name))
	}
	out, err := output(command(ctx, measuredEnvironment(), "wrk", append(args, at.url)...))
	if err != nil {
		return wrkRun{}, err
	}
	return parseWrk(out)
}

var (
	wrkRequests  = regexp.MustCompile(`(?m)^ *(\d+) requests in `)
	wrkPerSecond = regexp.MustCompile(`(?m)^Requests/sec: +([\d.]+)$`)
	wrkErrors    = regexp.MustCompile(`(?m)^ *(Non-2xx or 3xx responses|Socket errors): .*$`)
)

func parseWrk(out string) (wrkRun, error) {
	if bad := wrkErrors.FindString(out); bad != "" {
		return wrkRun{}, fmt.Errorf("wrk: not every answer was good: %s", bad)
	}
	requests, perSecond := wrkRequests.FindStringSubmatch(out), wrkPerSecond.FindStringSubmatch(out)
	if requests == nil || perSecond == nil {
		return wrkRun{}, fmt.Errorf("wrk: no result in what it printed:\n%s", out)
	}
	var run wrkRun
	var err error
	if run.requests, err = strconv.ParseInt(requests[1], 10, 64); err != nil {
		return wrkRun{}, fmt.Errorf("wrk: %w", err)
	}
	if run.perSecond, err = strconv.ParseFloat(perSecond[1], 64); err != nil {
		return wrkRun{}, fmt.Errorf("wrk: %w", err)
	}
	if run.requests == 0 {
		return wrkRun{}, fmt.Errorf("wrk: no request was answered:\n%s", out)
	}
	return run, nil
}
