# `make` lists what there is to do.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

BIN := bin
FUZZTIME ?= 20s
SOAKTIME ?= 30m
ARGS ?=

.PHONY: help demo build check test test-fast lint vuln interop bench screenshots fuzz hostile mutate soak fmt clean tools

help: ## list what there is to do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  Options: ARGS=\"--data DIR\" make demo · ARGS=\"--json\" make bench · FUZZTIME=5m make fuzz · SOAKTIME=2h make soak"

demo: app/dist/index.html ## everything on this machine, in a browser: needs Go and Node only
	@echo "· building and starting the demo (the first build takes a minute or two)"
	@go build -o $(BIN)/demo ./cmd/demo
	@exec $(BIN)/demo $(ARGS)

build: ## the service's binary, bin/avain
	@echo "· building $(BIN)/avain"
	@CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o $(BIN)/avain ./cmd/avain
	@ls -l $(BIN)/avain | awk '{ printf "  %.1f MB\n", $$5 / 1e6 }'

test: ## the gate: installs what is missing, lints, runs every test
	@scripts/gate.sh

test-fast: ## Go tests without -race and without browsers, for while you write
	@go test ./internal/... ./cmd/...

check: ## before a commit: format, lint and tests of what has changed, in a minute or so
	@scripts/check.sh

lint: tools ## golangci-lint
	@echo "· golangci-lint"
	@GOLANGCI_LINT_CACHE=$(CURDIR)/.cache/golangci .cache/bin/golangci-lint run ./...

vuln: tools ## known vulnerabilities in what we depend on
	@scripts/vuln.sh

interop: ## log in with every standard client of docs/clients.md; installs what is missing
	@scripts/interop.sh

bench: ## measure against the bars (docs/performance.md)
	@go run ./cmd/bench $(ARGS)

screenshots: ## a picture of every page and screen, into .cache/screenshots
	@echo "· photographing (five minutes or so)"
	@rm -rf .cache/screenshots
	@SCREENSHOTS=$(CURDIR)/.cache/screenshots go test -count=1 -timeout 30m -run '^TestEvery(Page|BankPage|Screen)$$' ./test/browser/

fuzz: ## every fuzz target for FUZZTIME each
	@scripts/fuzz.sh "$(FUZZTIME)"

hostile: ## a million hostile requests against a whole service; ARGS="--help" tells more
	@go run ./cmd/hostile $(ARGS)

mutate: ## which changes of a condition no test notices; PKG=./internal/protocol/dpop for one package
	@scripts/install-test-tools.sh mutate
	@scripts/mutate.sh $(PKG)

soak: ## every test with -race, then races and crashes again and again, for SOAKTIME
	@scripts/soak.sh "$(SOAKTIME)"

fmt: tools app/node_modules/.package-lock.json ## format the source, of the phone app too
	@.cache/bin/golangci-lint fmt ./...
	@cd app && npm run --silent format

clean: ## remove what was built; installed packages stay
	@rm -rf $(BIN) app/dist .cache/golangci .cache/test-*

tools:
	@scripts/install-test-tools.sh lint

# npm ci is slow and needs the network: only when the lock file has changed.
app/node_modules/.package-lock.json: app/package.json app/package-lock.json
	@echo "· installing the phone app's packages"
	@cd app && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

app/dist/index.html: app/node_modules/.package-lock.json app/index.html app/vite.config.ts $(shell find app/src app/public app/build internal/domain/reasons/app -type f 2>/dev/null)
	@echo "· building the phone app"
	@cd app && npm run --silent build
	@touch $@
