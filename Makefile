SHELL := bash
.DEFAULT_GOAL := help
GO ?= go
SQLC := .bin/sqlc

.PHONY: help build run test bench drill generate verify fmt clean

help: ## Lists what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

build: ## Builds bin/switchboard
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/switchboard ./cmd/switchboard

run: build ## Runs everything on this machine, with nothing configured; Ctrl-C stops all of it
	@bin/switchboard dev

test: ## Proves it all, on a real Postgres, with the race detector
	@tools/test.sh

bench: build ## Measures, and prints the table of the README
	@$(GO) run ./bench

drill: build ## Does what is too heavy for make test, and says which promise broke; DRILL=name plays one
	@$(GO) run ./internal/devstack/withpostgres $(GO) run ./drill -run "$(DRILL)"

generate: $(SQLC) ## Writes internal/db, graph/generated and graph/model anew
	$(SQLC) generate
	$(GO) tool gqlgen generate

verify: $(SQLC) ## Fails when generated code, formatting or go.mod is stale
	@tools/verify.sh

fmt: ## Formats
	gofmt -w $$(git ls-files '*.go')

clean: ## Removes what was built; data of make run stays in .switchboard
	rm -rf bin .bin

# Building sqlc takes minutes of CPU, once for each version: neither make run nor make test needs it.
$(SQLC): tools/go.mod tools/go.sum
	@echo "building sqlc, which takes a few minutes the first time"
	@mkdir -p .bin
	@cd tools && CGO_ENABLED=0 $(GO) build -o ../$(SQLC) github.com/sqlc-dev/sqlc/cmd/sqlc
