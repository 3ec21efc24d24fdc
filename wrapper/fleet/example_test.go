package fleet_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/fleet/age"
	"kalshi.internal/apikeys/wrapper/fleet/postgres"
	"kalshi.internal/apikeys/wrapper/keystore"
)

// A bot follows the current key of a store in Postgres. Its role and its identity open nothing else. This
// example has no server, and shows what the bot says then.
func Example() {
	baseURL := string(wrapper.Demo)
	identity, remove := newIdentity()
	defer remove()

	engine, err := postgres.Open("postgres://kalshi_bot@localhost:1/trading?name=desk")
	if err != nil {
		log.Fatal(err)
	}
	defer engine.Close()
	sealer, err := age.Load("", identity)
	if err != nil {
		log.Fatal(err)
	}
	source := keystore.Source(keystore.NewPublished(engine, sealer), baseURL)
	client, err := wrapper.NewClient(source, wrapper.WithBaseURL(baseURL))
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	followed := make(chan error)
	go func() { followed <- source.Follow(ctx) }()

	_, err = client.GetAPIKeys(ctx)
	fmt.Println(err != nil)
	stop()
	fmt.Println(<-followed)
	// Output:
	// true
	// context canceled
}

// newIdentity makes the file that age-keygen would.
func newIdentity() (path string, remove func()) {
	file, err := os.CreateTemp("", "identity-")
	if err == nil {
		_, err = file.WriteString("AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX\n")
	}
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		log.Fatal(err)
	}
	return file.Name(), func() { _ = os.Remove(file.Name()) }
}
