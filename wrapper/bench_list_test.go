//go:build linux

package wrapper_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"kalshi.internal/apikeys/wrapper"
)

// longestList is a limit that no list of these benchmarks reaches, in bytes.
const longestList = 64 << 20

// BenchmarkLists shows what a key in a list costs beyond the call, which an empty list costs too:
// cpu-ns/key is time of the processors, B/key what was allocated. The two lists are fetched in
// turn. x-body is the memory that a process needed at its peak beyond that of an empty list, in
// relation to the body's length.
func BenchmarkLists(b *testing.B) {
	server := "http://" + startListServer(b)
	_, signer, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	unlimited := wrapper.WithMaxResponseBytes(longestList)
	empty := newBenchmarkClient(b, server+"/0", signer, unlimited)
	for _, keys := range []int{10, 1_000, 100_000} {
		b.Run("keys="+strconv.Itoa(keys), func(b *testing.B) {
			full := newBenchmarkClient(b, server+"/"+strconv.Itoa(keys), signer, unlimited)
			benchmarkList(b, empty, full, keys)
			if keys == 100_000 {
				b.ReportMetric(peakOfOneCall(b, server, keys), "x-body")
			}
		})
	}
}

func benchmarkList(b *testing.B, empty, full *wrapper.Client, keys int) {
	b.Helper()
	bytes := allocatedBy(b, full, keys) - allocatedBy(b, empty, 0)
	var callTimes, listTimes []time.Duration
	for b.Loop() {
		callTimes = append(callTimes, timeOf(b, empty, 0))
		listTimes = append(listTimes, timeOf(b, full, keys))
	}
	b.ReportMetric(float64(median(listTimes)-median(callTimes))/float64(keys), "cpu-ns/key")
	b.ReportMetric(bytes/float64(keys), "B/key")
}

// median keeps out what the scheduler does now and then, which is more than a few keys cost.
func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}

func timeOf(b *testing.B, client *wrapper.Client, keys int) time.Duration {
	b.Helper()
	started := cpuTime()
	list, err := client.GetAPIKeys(b.Context())
	if err != nil || len(list.APIKeys) != keys {
		b.Fatalf("not the list of %d keys: %v", keys, err)
	}
	return cpuTime() - started
}

// allocatedBy returns how many bytes a call allocates.
func allocatedBy(b *testing.B, client *wrapper.Client, keys int) float64 {
	b.Helper()
	const calls = 10
	timeOf(b, client, keys) // opens the connection
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range calls {
		timeOf(b, client, keys)
	}
	runtime.ReadMemStats(&after)
	return float64(after.TotalAlloc-before.TotalAlloc) / calls
}

// peakOfOneCall returns how far one call raises the peak of a process that has made a call for an
// empty list, in multiples of the body.
func peakOfOneCall(b *testing.B, server string, keys int) float64 {
	b.Helper()
	return printedBy(b, roleCaller, server, strconv.Itoa(keys)) / float64(len(listOf(keys)))
}

// printedBy returns the number that this binary prints in another role.
func printedBy(b *testing.B, role string, args ...string) float64 {
	b.Helper()
	output, err := inRole(b, role, args...).Output()
	if err != nil {
		b.Fatal(err)
	}
	var number float64
	if _, err := fmt.Sscan(string(output), &number); err != nil {
		b.Fatal(err)
	}
	return number
}

// BenchmarkHostileBodies shows what a list that is none costs: the time of the call, and x-body, the
// memory that the process needed at its peak beyond the body that it was sent, in relation to it.
func BenchmarkHostileBodies(b *testing.B) {
	bodies := hostileBodies()
	for _, name := range []string{"numbers", "scopes of one key", "keys of many scopes", "small keys"} {
		b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			client := newHostileClient(b.Fatal, bodies[name]())
			for b.Loop() {
				_, _ = client.GetAPIKeys(b.Context())
			}
			b.ReportMetric(printedBy(b, roleVictim, name), "x-body")
		})
	}
}

func newHostileClient(fatal func(...any), body string) *wrapper.Client {
	_, signer, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		fatal(err)
	}
	credentials, err := wrapper.NewSignerCredentials(ownKeyID, signer)
	if err != nil {
		fatal(err)
	}
	client, err := wrapper.NewClient(credentials, wrapper.WithHTTPTransport(inMemory{200, body}))
	if err != nil {
		fatal(err)
	}
	return client
}

// receive prints by how much a hostile body raises the peak of this process, in multiples of it.
func receive(name string) {
	body := hostileBodies()[name]()
	warm := newHostileClient(func(args ...any) { panic(args) }, emptyList)
	_, _ = warm.GetAPIKeys(context.Background())
	hostile := newHostileClient(func(args ...any) { panic(args) }, body)
	before := peakMemory()
	_, _ = hostile.GetAPIKeys(context.Background())
	fmt.Println(float64(peakMemory()-before) / float64(len(body)))
	os.Exit(0)
}

// callOnce prints by how many bytes the call for a list raises the peak of this process.
func callOnce(server, keys string) {
	_, signer, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	credentials, err := wrapper.NewSignerCredentials(ownKeyID, signer)
	if err != nil {
		panic(err)
	}
	before := int64(0)
	for _, list := range []string{"0", keys} {
		before = peakMemory()
		client, err := wrapper.NewClient(credentials,
			wrapper.WithBaseURL(server+"/"+list), wrapper.WithMaxResponseBytes(longestList))
		if err != nil {
			panic(err)
		}
		if _, err := client.GetAPIKeys(context.Background()); err != nil {
			panic(err)
		}
	}
	fmt.Println(peakMemory() - before)
	os.Exit(0)
}
