package lifecycle_test

import (
	"context"
	"fmt"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/lifecycle"
)

// bench is what an example works on: a service with a first key, and an empty directory.
type bench struct {
	service *sandbox.Sandbox
	baseURL string
	first   sandbox.Key
	dir     string
	stop    func()
}

func newBench() bench {
	service := sandbox.New()
	first, err := service.Bootstrap(sandbox.OfType(sandbox.Ed25519))
	if err != nil {
		log.Fatal(err)
	}
	above, err := os.MkdirTemp("", "keys")
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(service)
	return bench{service, server.URL + sandbox.BasePath, first, filepath.Join(above, "keys"), func() {
		server.Close()
		_ = os.RemoveAll(above)
	}}
}

// startManager returns a manager over a store with the first key in it.
func startManager() (*lifecycle.Manager, bench) {
	b := newBench()
	store, err := keystore.Open(b.dir)
	if err != nil {
		log.Fatal(err)
	}
	manager, err := lifecycle.New(store, b.baseURL)
	if err != nil {
		log.Fatal(err)
	}
	request := lifecycle.ImportRequest{KeyID: b.first.ID, PrivateKey: b.first.PrivateKey}
	if _, err := manager.Import(context.Background(), request); err != nil {
		log.Fatal(err)
	}
	return manager, b
}

// A store begins with one key that exists already. From then on keys are replaced without a
// moment in which the current one does not work.
func Example() {
	b := newBench()
	defer b.stop()
	ctx := context.Background()

	store, err := keystore.Open(b.dir)
	if err != nil {
		log.Fatal(err)
	}
	manager, err := lifecycle.New(store, b.baseURL) // or string(wrapper.Demo)
	if err != nil {
		log.Fatal(err)
	}
	first, err := manager.Import(ctx, lifecycle.ImportRequest{KeyID: b.first.ID, PrivateKey: b.first.PrivateKey})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(first.Name, first.Type, first.State)

	// Without NoGrace, the old key works for some more seconds, for programs that still use it.
	rotated, err := manager.Rotate(ctx, lifecycle.RotateRequest{Grace: lifecycle.NoGrace})
	if err != nil {
		log.Fatal(err)
	}
	current, err := store.Current(ctx, b.baseURL)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("replaced:", rotated.Old.KeyID == first.KeyID)
	fmt.Println("current:", current.KeyID == rotated.New.KeyID, current.State)
	// Output:
	// bootstrap ed25519 active
	// replaced: true
	// current: true active
}

// Issue makes a further key, which is in the store before it is returned.
func ExampleManager_Issue() {
	manager, b := startManager()
	defer b.stop()

	entry, err := manager.Issue(context.Background(), lifecycle.IssueRequest{
		Name: "reader", Type: gen.KeyTypeEd25519, Scopes: []gen.Scope{gen.ScopeRead},
	})
	if err != nil {
		log.Fatal(err) // nothing was made, or lifecycle.ErrUnfinished: Recover sees to the rest
	}
	fmt.Println(entry.Scopes, entry.State, entry.PrivateKey)
	// Output:
	// [read] active [REDACTED]
}

// Audit says in what the service's list and the store differ.
func ExampleManager_Audit() {
	manager, b := startManager()
	defer b.stop()
	if _, err := b.service.Bootstrap(sandbox.Named("made by hand")); err != nil {
		log.Fatal(err)
	}

	report, err := manager.Audit(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(report.Listed, "listed,", report.Held, "held")
	for _, finding := range report.Findings {
		fmt.Println(finding.Kind, finding.Name)
	}
	// Output:
	// 2 listed, 1 held
	// unheld made by hand
	// wide_scopes bootstrap
}
