# `make` or `make help` lists what there is. `make test` and `make demo` need Go alone; the
# linters and the interop test also need Node.js with npm.

# The versions of all tools that go.mod does not pin. npm's are in .ci/*/package-lock.json.
GOLANGCI_LINT_VERSION := v2.15.0
GOVULNCHECK_VERSION   := v1.9.0

# The race detector needs a C compiler; without one, tests run without it.
RACE         ?= $(if $(shell command -v "$$(go env CC)"),-race)
FUZZTIME     ?= 10s
MIN_COVERAGE ?= 90

TOOLS         := $(CURDIR)/.tools
GOLANGCI_LINT := $(TOOLS)/golangci-lint-$(GOLANGCI_LINT_VERSION)/golangci-lint
GOVULNCHECK   := $(TOOLS)/govulncheck-$(GOVULNCHECK_VERSION)/govulncheck

VULNDB        := $(if $(GOVULNDB),-db '$(GOVULNDB)')

CONTRACT_LINT_INSTALLED := .ci/lint/node_modules/.package-lock.json
INTEROP_INSTALLED       := .ci/interop/node_modules/.package-lock.json

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: demo
demo: ## Show the client at work against the sandbox, on loopback
	@go run ./wrapper/cmd/kalshi-keys demo

.PHONY: test
test: ## Run all tests, with the race detector if there is a C compiler
	go test $(RACE) ./...

.PHONY: generate
generate: ## Write gen/ anew from openapi.yaml
	go generate ./...

.PHONY: generated
generated: ## Fail if go generate changes anything
	@.ci/generated

.PHONY: cover
cover: ## Print statement coverage of wrapper/ and api/; fail below MIN_COVERAGE (90) percent
	@go test -covermode=atomic -coverprofile=coverage.out -coverpkg=./wrapper/...,./api/... ./wrapper/... ./api/...
	@awk -v minimum=$(MIN_COVERAGE) -f .ci/coverage.awk coverage.out

# The contract package's own tests are left out: their exchanges are made up.
.PHONY: contract
contract: ## Run the suite under the contract; print and require full coverage of its statuses
	@rm -f contract.jsonl
	KALSHI_CONTRACT_COVERAGE=$(CURDIR)/contract.jsonl go test -count=1 ./wrapper/... ./api/sandbox/...
	@go run ./wrapper/cmd/kalshi-keys coverage contract.jsonl --min 100

.PHONY: browser
browser: ## Test the sandbox's inspector in headless Chromium; installs it with apt if missing
	@{ command -v chromium && command -v curl; } >/dev/null || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium curl; }
	go vet -tags browser ./api/sandbox
	go test -count=1 -tags browser -timeout 5m -run Browser ./api/sandbox

.PHONY: bench
bench: ## Run the benchmarks, with allocations
	@packages=$$(.ci/packages-with Benchmark) && go test -run '^$$' -bench . -benchmem $$packages

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
	@unformatted=$$(gofmt -l api gen wrapper tools.go); \
	test -z "$$unformatted" || { printf 'not formatted, run gofmt -w:\n%s\n' "$$unformatted"; exit 1; }

.PHONY: vet
vet: ## Run go vet for Linux, macOS and Windows, tests included
	GOOS=linux go vet ./...
	GOOS=darwin go vet ./...
	GOOS=windows go vet ./...

.PHONY: golangci-lint
golangci-lint: $(GOLANGCI_LINT) ## Run golangci-lint
	$(GOLANGCI_LINT) run ./...

.PHONY: contract-lint
contract-lint: export REDOCLY_TELEMETRY := off
contract-lint: export REDOCLY_SUPPRESS_UPDATE_NOTICE := true
contract-lint: $(CONTRACT_LINT_INSTALLED) ## Lint openapi.yaml with Redocly and Spectral
	.ci/lint/node_modules/.bin/redocly lint --config .ci/lint/redocly.yaml --max-problems 1000 openapi.yaml
	.ci/lint/node_modules/.bin/spectral lint --ruleset .ci/lint/spectral.yaml --fail-severity hint openapi.yaml

.PHONY: vuln
vuln: $(GOVULNCHECK) ## Look for known vulnerabilities; GOVULNDB names another database
	$(GOVULNCHECK) $(VULNDB) ./...

# Succeeds if the database answers: only then does -version say how old it is.
.PHONY: vuln-database
vuln-database: $(GOVULNCHECK)
	@version=$$($(GOVULNCHECK) $(VULNDB) -version); echo "$$version"; \
	case "$$version" in *'DB updated'*) ;; *) exit 1 ;; esac

.PHONY: interop
interop: $(INTEROP_INSTALLED) ## Run the official TypeScript SDK against the sandbox
	@.ci/interop/run

.PHONY: clean
clean: ## Remove installed tools and results
	rm -rf $(TOOLS) .ci/lint/node_modules .ci/interop/node_modules coverage.out contract.jsonl

$(GOLANGCI_LINT):
	GOBIN=$(@D) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)

$(GOVULNCHECK):
	GOBIN=$(@D) go install golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION)

# npm writes this copy of the lock file when an installation is complete.
%/node_modules/.package-lock.json: %/package-lock.json %/package.json
	cd $* && npm ci
	@touch $@
