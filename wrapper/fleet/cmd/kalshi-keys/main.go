// Command kalshi-keys is the command line of the same name with stores on servers: the flag --store also
// takes the URL of a store in Postgres or etcd, and --seal-to and --identity say who can open it.
//
//	kalshi-keys store init --store 'postgres://HOST/DATABASE?name=DESK'
//	kalshi-keys rotate --store etcd://H1,H2,H3/DESK --seal-to desk.recipients --identity identity.txt
package main

import (
	"os"

	"kalshi.internal/apikeys/wrapper/fleet/age"
	"kalshi.internal/apikeys/wrapper/fleet/etcd"
	"kalshi.internal/apikeys/wrapper/fleet/postgres"
	"kalshi.internal/apikeys/wrapper/internal/cli"
	"kalshi.internal/apikeys/wrapper/keystore"
)

func main() {
	openPostgres := func(address string) (cli.RemoteEngine, error) { return opened(postgres.Open(address)) }
	os.Exit(cli.Main(cli.Remote{
		Open: map[string]func(string) (cli.RemoteEngine, error){
			"postgres": openPostgres, "postgresql": openPostgres,
			"etcd": func(address string) (cli.RemoteEngine, error) { return opened(etcd.Open(address)) },
		},
		Sealer: func(recipients, identity string) (keystore.Sealer, error) {
			sealer, err := age.Load(recipients, identity)
			if err != nil {
				return nil, err
			}
			return sealer, nil
		},
	}))
}

// opened keeps a nil engine from becoming an interface that is not nil.
func opened[E cli.RemoteEngine](engine E, err error) (cli.RemoteEngine, error) {
	if err != nil {
		return nil, err
	}
	return engine, nil
}
