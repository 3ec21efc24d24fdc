package sandbox_test

import (
	"net/http"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
)

const tooMany = `{"error":"too many requests"}`

func TestRateLimitsAnswer429WithoutRetryAfterUntilTheBucketRefills(t *testing.T) {
	b := newBench(t, sandbox.WithChoices(sandbox.Choices{RateLimits: sandbox.RateLimits{ReadPerSecond: 20, WritePerSecond: 10}}))
	for range 2 {
		b.send(t, sent{}).mustHaveStatus(t, 200)
	}
	limited := b.send(t, sent{})
	limited.mustBe(t, 429, tooMany)
	if limited.header.Get("Retry-After") != "" {
		t.Error("the answer has Retry-After")
	}
	b.clock.Advance(500 * time.Millisecond)
	b.send(t, sent{}).mustHaveStatus(t, 200)
	b.send(t, sent{}).mustHaveStatus(t, 429)
	b.clock.Advance(time.Hour)
	for _, status := range []int{200, 200, 429} {
		b.send(t, sent{}).mustHaveStatus(t, status)
	}
}

func TestReadsAndWritesAndAccountsHaveBucketsOfTheirOwn(t *testing.T) {
	b := newBench(t, sandbox.WithChoices(sandbox.Choices{RateLimits: sandbox.RateLimits{ReadPerSecond: 1, WritePerSecond: 1, Cost: 1}}))
	other := b.bootstrap(t, sandbox.InAccount("other"))
	remove := sent{method: http.MethodDelete, path: keysPath + "/" + unknownID}
	b.send(t, sent{}).mustHaveStatus(t, 200)
	b.send(t, sent{}).mustHaveStatus(t, 429)
	b.send(t, remove).mustHaveStatus(t, 404)
	b.send(t, remove).mustHaveStatus(t, 429)
	b.send(t, sent{as: other}).mustHaveStatus(t, 200)
}

func TestManagementMayDrawOnTheBucketForReads(t *testing.T) {
	b := newBench(t, sandbox.WithChoices(sandbox.Choices{RateLimits: sandbox.RateLimits{ReadPerSecond: 1, Cost: 1, ManagementReads: true}}))
	b.delete(t, unknownID).mustHaveStatus(t, 404)
	b.send(t, sent{}).mustHaveStatus(t, 429)
}
