# The first two targets do all their own set-up: Go and a C compiler suffice.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

BIN := bin/fluxmcp
GO ?= go
FUZZTIME ?= 10m
MUTANTS ?= 200000

.PHONY: help demo test build check race fuzz mutants bench golden docs conformance clients replicas browser independent framelink slackpeer clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

demo: need-postgres build ## try it: sample company on http://127.0.0.1:8787/mcp
	@$(BIN) demo

test: need-postgres need-redis need-nginx need-chromium need-modules ## run every test, on a real PostgreSQL, Redis, nginx and Chromium
	$(GO) test -timeout 10m ./...

build: need-cc ## build bin/fluxmcp
	@[ -x $(BIN) ] || echo "building (the first time takes a minute or two: PostgreSQL's parser is compiled) …"
	@$(GO) build -trimpath -o $(BIN) ./cmd/fluxmcp

check: need-cc ## formatting, vet, staticcheck, tidy modules; changes nothing
	@unformatted=$$(gofmt -l cmd examples migrations oauth sidecar sqlguard store tools); \
	if [ -n "$$unformatted" ]; then echo "gofmt would change:" $$unformatted; exit 1; fi
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	$(GO) mod tidy -diff
	$(GO) mod verify

race: need-postgres need-redis need-nginx need-chromium need-modules ## run the tests with the race detector
	$(GO) test -race -timeout 20m ./...

fuzz: ## fuzz the guard, the message gate, tokens, caches, Figma's files and Slack's messages, FUZZTIME each (10m)
	$(GO) test ./sqlguard -run '^$$' -fuzz FuzzCheck -fuzzminimizetime 10x -fuzztime $(FUZZTIME)
	$(GO) test ./tools/transport -run '^$$' -fuzz FuzzGate -fuzzminimizetime 10x -fuzztime $(FUZZTIME)
	$(GO) test ./oauth/bearer -run '^$$' -fuzz FuzzVerify -fuzzminimizetime 10x -fuzztime $(FUZZTIME)
	$(GO) test ./oauth -run '^$$' -fuzz FuzzDecode -fuzzminimizetime 10x -fuzztime $(FUZZTIME)
	$(GO) test ./tools/figma/design -run '^$$' -fuzz FuzzRead -fuzzminimizetime 10x -fuzztime $(FUZZTIME)
	$(GO) test ./tools/figma/design -run '^$$' -fuzz FuzzDecode -fuzzminimizetime 10x -fuzztime $(FUZZTIME)
	$(GO) test ./tools/slack/mrkdwn -run '^$$' -fuzz FuzzFromMarkdown -fuzzminimizetime 10x -fuzztime $(FUZZTIME)
	$(GO) test ./tools/slack/mrkdwn -run '^$$' -fuzz FuzzMrkdwn -fuzzminimizetime 10x -fuzztime $(FUZZTIME)
	$(GO) test ./tools/slack/blockkit -run '^$$' -fuzz FuzzGuard -fuzzminimizetime 10x -fuzztime $(FUZZTIME)
	$(GO) test ./store -run '^$$' -fuzz FuzzDecodeResult -fuzzminimizetime 10x -fuzztime $(FUZZTIME)

mutants: ## mutate the denied statements, MUTANTS of them (200000)
	$(GO) test ./sqlguard -run 'Mutants' -mutants=$(MUTANTS) -count=1 -v

bench: need-postgres need-redis ## run the Go benchmarks, in benchstat's format
	$(GO) test -run '^$$' -bench . -benchmem ./sqlguard ./oauth/... ./store/... ./tools/... ./sidecar/... ./cmd/...

golden: ## rewrite the golden files
	UPDATE_GOLDEN=1 $(GO) test ./tools/... ./cmd/...

docs: ## rewrite the generated tables of README.md and .env.example
	UPDATE_GOLDEN=1 $(GO) test ./cmd/fluxmcp -run 'TestDocs'

conformance: need-npm ## run the official MCP conformance suite
	@examples/conformance/run.sh

clients: need-postgres need-npm build ## call query from four real MCP clients
	@examples/clients/run.sh $(BIN)

replicas: need-postgres need-redis need-nginx ## three processes behind nginx: exact limits, shared caches, one killed under load
	$(GO) test -count=1 -v ./examples/replicas

browser: need-postgres need-chromium need-modules ## connect accounts in Chromium, with pictures of every page in out/browser
	$(GO) test -count=1 -v ./examples/browser -shots "$$PWD/out/browser"

independent: need-npm ## run against providers that others wrote: oauth2-mock-server, emulate, and Prism as Figma
	@examples/independent/run.sh

framelink: need-postgres need-npm build ## read the same Figma files with Framelink's server and this one: sizes, times
	@examples/framelink/run.sh $(BIN)

slackpeer: need-postgres need-npm build ## the same tasks with slack-mcp-server and this one on a sandbox of Slack: sizes, calls, times
	@examples/slackpeer/run.sh $(BIN)

clean: ## remove what was built
	rm -rf bin out

.PHONY: need-cc need-postgres need-redis need-nginx need-npm need-chromium need-modules
need-cc:
	@.ci/need cc
need-postgres: need-cc
	@.ci/need postgres
need-redis:
	@.ci/need redis
need-nginx:
	@.ci/need nginx
need-npm:
	@.ci/need npm
need-chromium:
	@.ci/need chromium
need-modules:
	@.ci/need modules
