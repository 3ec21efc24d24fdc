// Command kalshi-keys manages API keys of the Kalshi Trade API v2, signs requests for other
// tools, and runs a sandbox to try all of it against.
//
//	kalshi-keys list
//	kalshi-keys generate NAME {--out FILE | --store DIR}
//	kalshi-keys create NAME {--public-key FILE | --store DIR}
//	kalshi-keys delete ID --yes [--store DIR]
//	kalshi-keys import KEY-ID [FILE] --store DIR [--use]
//	kalshi-keys rotate --store DIR [--type T] [--grace TIME] [--if-older TIME] [--scope SCOPE]
//	kalshi-keys recover --store DIR [--set-aside]
//	kalshi-keys audit --store DIR
//	kalshi-keys export --store DIR --env FILE
//	kalshi-keys follow --store DIR --exec COMMAND [--once] [--name NAME]
//	kalshi-keys store init|status --store DIR
//	kalshi-keys store copy FROM TO
//	kalshi-keys store prune --store DIR --older TIME
//	kalshi-keys sign METHOD PATH
//	kalshi-keys api [METHOD] PATH [--field NAME=VALUE] [--input FILE] [--include]
//	kalshi-keys sandbox --env-file FILE
//	kalshi-keys verify [--read-only] [--report FILE]
//	kalshi-keys drift FILE
//	kalshi-keys coverage FILE [--min PERCENT]
//	kalshi-keys demo
//	kalshi-keys doctor [--mend FILE] [--try-other-environments]
//	kalshi-keys version
//	kalshi-keys completion bash|zsh|fish|powershell
//
// # Configuration
//
// Flags win over the environment:
//
//	KALSHI_API_KEY_ID        the ID of the API key            --key-id
//	KALSHI_PRIVATE_KEY_PATH  the path of its private key      --private-key-file
//	KALSHI_PRIVATE_KEY       the private key itself, as PEM   no flag: arguments show in process lists
//	KALSHI_BASE_URL          the service's base URL           --base-url or --environment
//	KALSHI_STORE             a directory that keeps keys      --store
//
// The same program from wrapper/fleet also takes the URL of a store on a server, and has KALSHI_SEAL_TO
// (--seal-to) and KALSHI_IDENTITY (--identity) for it.
//
// With a store and no key ID, the store's current key for the base URL signs. A store and a key
// given both by flags, or both by the environment, are refused.
//
// # Output
//
// Data goes to standard output, as a table or, with --output json, as one JSON value. Errors go
// to standard error, as a line "error: …" and, where there is something to do about it, a line
// "hint: …"; with --output json as one JSON value. On a terminal, a command that takes more than a
// second shows that it works. A private key is never printed. Output that cannot be written, since the reader of
// a pipe is gone or a disk is full, is a failure; it does not keep a command from ending its work.
//
// Ctrl-C, SIGTERM and, unless nohup has it ignored, SIGHUP end a command in order: what it has
// begun is cleaned up, or is said to be left.
//
// # Exit codes
//
//	0  done
//	1  any other failure, also of writing the output
//	2  nothing was sent: wrong usage, credentials that cannot be used, a request that the
//	   contract rules out, a file that is missing or in the way
//	3  unauthenticated
//	4  not found
//	5  unavailable, rate limited, not visible yet, or no answer in time: try again later; on a
//	   store also: unfinished, and the next command goes on
//	6  outcome unknown: the request may have taken effect, look before repeating it
//	7  forbidden
//	8  verify: the service deviates from the contract; drift: a breaking change;
//	   coverage: less than --min; audit: something has to be done
//
// # Windows
//
// Who may read a file does not follow from its mode there. Keep private keys where only your
// account has access.
package main

import (
	"os"

	"kalshi.internal/apikeys/wrapper/internal/cli"
)

func main() {
	os.Exit(cli.Main(cli.Remote{}))
}
