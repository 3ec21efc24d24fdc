// Command chaos kills kalshi-keys rotate at random moments and fills the disk under it, and checks
// each time that nothing was lost and nothing orphaned:
//
//  1. the current key of the store signs,
//  2. every key of ours at the service has its private half in the store,
//  3. no entry of the store was lost,
//  4. a second recover changes nothing.
//
// The service is a sandbox on loopback. The last line is "N passed, N failed"; the exit code is
// 1 unless all passed.
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"time"
)

func main() {
	os.Exit(mainCode())
}

func mainCode() int {
	kills := flag.Int("kills", 400, "how often to kill a rotation")
	enough := flag.Duration("enough", 2*time.Minute, "kill no more after this time, however few there were")
	seed := flag.Uint64("seed", uint64(time.Now().UnixNano()), "seed of the moments to kill at")
	atMost := flag.Duration("timeout", 15*time.Minute, "give up after this time")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, *atMost)
	defer cancel()

	t := &tally{}
	err := run(ctx, t, *kills, *enough, *seed)
	if err != nil {
		t.fail("the run itself", err)
	}
	fmt.Printf("%d passed, %d failed\n", t.passed, t.failed)
	if t.failed > 0 || t.passed == 0 {
		return 1
	}
	return 0
}

func run(ctx context.Context, t *tally, kills int, enough time.Duration, seed uint64) error {
	w, err := newWorld(ctx)
	if err != nil {
		return err
	}
	defer w.close()
	fmt.Printf("seed %d\n", seed)
	//nolint:gosec // The moments to kill at need no secrecy, but a seed.
	if err := killRotations(ctx, t, w, kills, enough, rand.New(rand.NewPCG(seed, 0))); err != nil {
		return err
	}
	return fillDisk(ctx, t, w)
}

// tally counts what held and what did not.
type tally struct{ passed, failed int }

func (t *tally) check(what string, err error) {
	if err != nil {
		t.fail(what, err)
		return
	}
	t.passed++
}

func (t *tally) fail(what string, err error) {
	t.failed++
	fmt.Printf("FAILED %s: %v\n", what, err)
}
