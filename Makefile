# `make` or `make help` lists what there is. `make test` and `make demo` need Go alone; the
# linters, the interop test and the comparison also need Node.js with npm.

# The versions of all tools that go.mod does not pin. npm's are in .ci/*/package-lock.json.
GOLANGCI_LINT_VERSION := v2.15.0
GOVULNCHECK_VERSION   := v1.9.0

# For each package: a slow machine may need more than the 10 minutes of go test.
TEST_TIMEOUT ?= 30m
FUZZTIME     ?= 10s
MIN_COVERAGE ?= 90
BENCH        ?= .
BENCH_COUNT  ?= 6
BENCH_TIME   ?= 0.3s
ROUNDS       ?= 5
NODE         ?= node

MODULES       := wrapper/otel wrapper/examples
# Their tests start servers.
FLEET         := wrapper/fleet wrapper/fleet/chaos

TOOLS         := $(CURDIR)/.tools
GOLANGCI_LINT := $(TOOLS)/golangci-lint-$(GOLANGCI_LINT_VERSION)/golangci-lint
GOVULNCHECK   := $(TOOLS)/govulncheck-$(GOVULNCHECK_VERSION)/govulncheck

VULNDB        := $(if $(GOVULNDB),-db '$(GOVULNDB)')

CONTRACT_LINT_INSTALLED := .ci/lint/node_modules/.package-lock.json
INTEROP_INSTALLED       := .ci/interop/node_modules/.package-lock.json
COMPARE_INSTALLED       := .ci/compare/node_modules/.package-lock.json

# Programs for Linux alone. A pattern such as ./... leaves out what begins with a dot.
CI_PROGRAMS := $(patsubst %/,./%,$(sort $(dir $(wildcard .ci/*/main.go .ci/*/*/main.go))))

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: demo
demo: ## Show the client at work against the sandbox, on loopback
	@go run ./wrapper/cmd/kalshi-keys demo

# Two tiers: the exhaustive tests find nothing new under the race detector, and it makes them slow.
.PHONY: test
test: ## Run all tests
	go test -timeout $(TEST_TIMEOUT) ./...

.PHONY: race
race: ## Run all but the exhaustive tests with the race detector, which needs a C compiler
	GORACE=atexit_sleep_ms=50 go test -race -short -p 3 -timeout $(TEST_TIMEOUT) ./...

.PHONY: size
size: ## Print the lines of code of each package
	@.ci/size

.PHONY: generate
generate: ## Write gen/ anew from openapi.yaml
	go generate ./...

.PHONY: generated
generated: ## Fail if go generate changes anything
	@.ci/generated

.PHONY: cover
cover: ## Print statement coverage of wrapper/ and api/; fail below MIN_COVERAGE (90) percent
	@go test -timeout $(TEST_TIMEOUT) -covermode=atomic -coverprofile=coverage.out -coverpkg=./wrapper/...,./api/... ./wrapper/... ./api/...
	@awk -v minimum=$(MIN_COVERAGE) -f .ci/coverage.awk coverage.out

# The contract package's own tests are left out: their exchanges are made up. Those of the
# lifecycle meet no status that the others do not, a thousand times.
.PHONY: contract
contract: ## Run the suite under the contract; print and require full coverage of its statuses
	@rm -f contract.jsonl
	KALSHI_CONTRACT_COVERAGE=$(CURDIR)/contract.jsonl go test -count=1 -timeout $(TEST_TIMEOUT) ./wrapper ./wrapper/doctor ./wrapper/internal/cli ./api/sandbox
	@go run ./wrapper/cmd/kalshi-keys coverage contract.jsonl --min 100

# A module of its own: nobody who imports this one is to have what drives a browser in the graph.
.PHONY: browser
browser: ## Test the sandbox's inspector in headless Chromium; installs it with apt if missing
	@{ command -v chromium && command -v curl; } >/dev/null || { apt-get -o Acquire::Retries=5 update -qq && DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::Retries=5 install -y -qq --no-install-recommends chromium curl; }
	go -C api/sandbox/browsertest vet .
	go -C api/sandbox/browsertest test -count=1 -timeout $(TEST_TIMEOUT) .

# Modules of their own, for the same reason: OpenTelemetry, Prometheus, WebSocket dialers.
.PHONY: modules
modules: ## Vet and test the modules below wrapper/ that have dependencies of their own
	@set -e; for module in $(MODULES); do echo "go -C $$module test ./..."; go -C $$module vet ./...; go -C $$module test -timeout $(TEST_TIMEOUT) ./...; done

# The race detector would slow down the hundreds of programs of the second module, which share no memory.
.PHONY: fleet
fleet: ## Test stores on real Postgres and etcd, with servers and programs killed and stopped; installs Postgres and PgBouncer with apt if missing
	@{ { ls /usr/lib/postgresql/*/bin/initdb || command -v initdb; } && { ls /usr/sbin/pgbouncer || command -v pgbouncer; }; } >/dev/null 2>&1 || { apt-get -o Acquire::Retries=5 update -qq && DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::Retries=5 install -y -qq --no-install-recommends postgresql pgbouncer; }
	go -C wrapper/fleet vet ./...
	go -C wrapper/fleet test -race -count=1 -timeout $(TEST_TIMEOUT) ./...
	go -C wrapper/fleet/chaos vet ./...
	go -C wrapper/fleet/chaos test -parallel 16 -count=1 -timeout $(TEST_TIMEOUT) ./...

# A test that passes prints nothing, so what a machine could not make would not show.
.PHONY: platforms
platforms: ## Make the file systems of containers and services for real, and count what this machine cannot make
	@{ go test -count=1 -v -run 'ReallyRead|OnAVolume' ./wrapper/internal/cli; go -C wrapper/examples test -count=1 -v -run 'Example|Systemd|Manifests' .; } | \
		awk '/^ *--- PASS/ { made++ } /^ *--- FAIL/ { failed++; print } /NOT MADE HERE/ { missing++; print } \
			END { printf "%d made for real and passed, %d failed, %d not made here\n", made - missing, failed, missing; exit failed > 0 || made == 0 }'

# What it prints is what benchstat reads: make bench >new.txt && benchstat old.txt new.txt
.PHONY: bench
bench: ## Run all benchmarks, or those that match BENCH, BENCH_COUNT (6) times for BENCH_TIME (0.3s)
	@BENCH='$(BENCH)' BENCH_COUNT=$(BENCH_COUNT) BENCH_TIME=$(BENCH_TIME) .ci/bench

# A module of its own: nobody who imports this one is to have the other validators in the graph.
.PHONY: validators
validators: ## Show what the contract kit and other validators catch; fail if the kit misses any
	go -C .ci/validators vet .
	go -C .ci/validators test -count=1 -v .

# It builds and tests a copy of the module, so it is no part of `make test`.
.PHONY: regenerate
regenerate: ## Show that an operation that is new in openapi.yaml is built, served and verified
	go test -count=1 -timeout $(TEST_TIMEOUT) -run NewInTheContract ./.ci/regenerate

.PHONY: whole-service
whole-service: ## Generate a client from DOCUMENT (a document for trading, ours), and have a bot trade by it
	DOCUMENT='$(abspath $(DOCUMENT))' go test -count=1 -v -timeout $(TEST_TIMEOUT) -run WholeService ./.ci/regenerate

.PHONY: outdated
outdated: ## Say which direct dependencies are older than what is served
	@.ci/outdated

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME (10s)
	@FUZZTIME=$(FUZZTIME) .ci/fuzz

.PHONY: chaos
chaos: ## Kill rotations at random, fill the disk under them, and check that no key is lost
	@go run ./.ci/chaos

.PHONY: lint
lint: fmt vet golangci-lint contract-lint ## Run all linters

.PHONY: fmt
fmt: ## Fail if a Go file is not formatted
	@unformatted=$$(gofmt -l api gen wrapper tools.go $$(find .ci -name node_modules -prune -o -name '*.go' -print)); \
	test -z "$$unformatted" || { printf 'not formatted, run gofmt -w:\n%s\n' "$$unformatted"; exit 1; }

.PHONY: vet
vet: ## Run go vet for Linux, macOS and Windows, tests included
	GOOS=linux go vet ./... $(CI_PROGRAMS)
	GOOS=darwin go vet ./...
	GOOS=windows go vet ./...

.PHONY: golangci-lint
golangci-lint: $(GOLANGCI_LINT) ## Run golangci-lint
	$(GOLANGCI_LINT) run --allow-serial-runners --timeout 15m ./...
	@set -e; for module in $(MODULES) $(FLEET); do echo "golangci-lint in $$module"; (cd $$module && $(GOLANGCI_LINT) run --allow-serial-runners --timeout 15m ./...); done

.PHONY: contract-lint
contract-lint: export REDOCLY_TELEMETRY := off
contract-lint: export REDOCLY_SUPPRESS_UPDATE_NOTICE := true
contract-lint: $(CONTRACT_LINT_INSTALLED) ## Lint openapi.yaml with Redocly and Spectral
	.ci/lint/node_modules/.bin/redocly lint --config .ci/lint/redocly.yaml --max-problems 1000 openapi.yaml
	.ci/lint/node_modules/.bin/spectral lint --ruleset .ci/lint/spectral.yaml --fail-severity hint openapi.yaml

.PHONY: vuln
vuln: $(GOVULNCHECK) ## Look for known vulnerabilities; GOVULNDB names another database
	@set -e; for module in . $(MODULES) $(FLEET); do echo "govulncheck in $$module"; (cd $$module && $(GOVULNCHECK) $(VULNDB) ./...); done

# Succeeds if the database answers: only then does -version say how old it is.
.PHONY: vuln-database
vuln-database: $(GOVULNCHECK)
	@version=$$($(GOVULNCHECK) $(VULNDB) -version); echo "$$version"; \
	case "$$version" in *'DB updated'*) ;; *) exit 1 ;; esac

.PHONY: tools
tools: $(GOLANGCI_LINT) $(GOVULNCHECK) $(CONTRACT_LINT_INSTALLED) $(INTEROP_INSTALLED) ## Install what the linters, the interop test and vuln need

.PHONY: interop
interop: $(INTEROP_INSTALLED) ## Run the official TypeScript SDK against the sandbox
	@.ci/interop/run

.PHONY: compare
compare: $(COMPARE_INSTALLED) ## Measure beside the official TypeScript SDK and Prism, ROUNDS (5) times; installs wrk with apt if missing
	@command -v wrk >/dev/null || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends wrk; }
	@go test ./.ci/compare
	@go run ./.ci/compare -rounds $(ROUNDS) -node $(NODE)

.PHONY: clean
clean: ## Remove installed tools and results
	rm -rf $(TOOLS) .ci/lint/node_modules .ci/interop/node_modules .ci/compare/node_modules coverage.out contract.jsonl

$(GOLANGCI_LINT):
	GOBIN=$(@D) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)

$(GOVULNCHECK):
	GOBIN=$(@D) go install golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION)

# npm writes this copy of the lock file when an installation is complete.
%/node_modules/.package-lock.json: %/package-lock.json %/package.json
	cd $* && npm ci
	@touch $@
