# make demo shows the whole thing, make test checks the whole thing; the latter needs a C compiler for the race detector.

SHELL         := /bin/bash
.SHELLFLAGS   := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

BIN := $(CURDIR)/.bin

# Pinned, so that the same tree always gets the same verdict.
GOLANGCI_LINT := $(BIN)/golangci-lint@v2.15.0
WORKFLOWCHECK := $(BIN)/workflowcheck@v0.6.0
GOTESTSUM     := $(BIN)/gotestsum@v1.13.0
GOVULNCHECK   := $(BIN)/govulncheck@v1.9.0

$(GOLANGCI_LINT): package := github.com/golangci/golangci-lint/v2/cmd/golangci-lint
$(WORKFLOWCHECK): package := go.temporal.io/sdk/contrib/tools/workflowcheck
$(GOTESTSUM):     package := gotest.tools/gotestsum
$(GOVULNCHECK):   package := golang.org/x/vuln/cmd/govulncheck

say = @printf '\n==> %s\n'

.PHONY: demo
demo: ## Temporal, its Web UI, Precoro, an ERP (ERP=tryton: a real one) and the worker (ARGS=--once to exit at the end)
	$(say) 'building the demo; the first time this compiles a Temporal server and takes some minutes'
	@go -C demo build -o $(BIN)/demo .
	@exec $(BIN)/demo $(if $(ERP),--erp $(ERP)) $(ARGS)

.PHONY: test
test: build tryton vet lint workflowcheck $(GOTESTSUM) ## everything that must hold before a change goes in
	$(say) 'tests: the modules demo and bench, then the main module with the race detector'
	@$(GOTESTSUM) --format pkgname --format-icons text --format-hide-empty-pkg --raw-command -- bash -c ' \
	  failed=0; \
	  go -C demo test -json -count=1 -timeout 5m ./... || failed=1; \
	  go -C internal/bench test -json -count=1 -timeout 5m ./... || failed=1; \
	  go test -json -count=1 -timeout 20m -race -shuffle on ./... || failed=1; \
	  exit $$failed'

.PHONY: build
build: ## the programs, into .bin
	$(say) 'building payrecon'
	@mkdir -p $(BIN)
	@go build -o $(BIN)/ ./cmd/...
	$(say) 'building the development server; the first time this takes some minutes'
	@go -C demo build -o $(BIN)/temporal-dev ./cmd/temporal-dev

.PHONY: tryton
tryton: ## a real Tryton for the tests: its packages (if root makes this) and what a test's copy starts from
	$(say) 'getting Tryton ready'
	@mkdir -p $(BIN)
	@go build -o $(BIN)/tryton ./internal/trytond/cmd/tryton
	@exec $(BIN)/tryton prepare

.PHONY: vet
vet: ## go vet; lint includes it, but this is quicker
	$(say) 'go vet'
	@go vet ./...

.PHONY: lint
lint: $(GOLANGCI_LINT) ## golangci-lint, see .golangci.yml
	$(say) 'golangci-lint'
	@$(GOLANGCI_LINT) run ./...
	@cd demo && $(GOLANGCI_LINT) run --config ../.golangci.yml ./...
	@cd internal/bench && $(GOLANGCI_LINT) run --config ../../.golangci.yml ./...

.PHONY: format
format: $(GOLANGCI_LINT) ## rewrite the sources the way lint wants them
	@$(GOLANGCI_LINT) fmt ./...
	@cd demo && $(GOLANGCI_LINT) fmt --config ../.golangci.yml ./...
	@cd internal/bench && $(GOLANGCI_LINT) fmt --config ../../.golangci.yml ./...

.PHONY: workflowcheck
workflowcheck: $(WORKFLOWCHECK) ## workflow code that would not replay; the simulator's driver never does
	$(say) 'workflowcheck'
	@$(WORKFLOWCHECK) $$(go list ./... | grep -v /internal/sim)

BENCH_SIZES ?=
.PHONY: bench
bench: build ## what runs cost, measured: prints and writes docs/cost.md (BENCH_SIZES="1000 10000" is quicker and only prints)
	$(say) 'building the bench'
	@go -C internal/bench build -o $(BIN)/bench ./cmd/bench
	$(say) 'measuring; the largest world takes some minutes'
	@exec $(BIN)/bench --worker $(BIN)/payrecon $(if $(BENCH_SIZES),--sizes '$(BENCH_SIZES)',--out docs/cost.md)

COMPANIES ?= 1000
.PHONY: crowd
crowd: build ## so many companies (COMPANIES=1000) on two workers, each at one request a second
	@PAYRECON_COMPANIES=$(COMPANIES) go test -count=1 -timeout 60m -run 'TestManyCompaniesShareTwoWorkers' -v ./internal/e2e

SEEDS ?= 300
.PHONY: sim
sim: ## so many worlds (SEEDS=300) of invoices, faults and people, in virtual time; what both sides then hold is the judge
	@mkdir -p $(BIN)
	@go build -o $(BIN)/sim ./internal/sim/cmd/sim
	$(say) 'playing $(SEEDS) worlds; a hundred take about half a minute'
	@exec $(BIN)/sim --seeds $(SEEDS) --out $(BIN)/sim.json

.PHONY: mutants
mutants: ## payrecon without one step of its protocol after another: worlds must show each
	@mkdir -p $(BIN)
	@go build -o $(BIN)/mutants ./internal/sim/cmd/mutants
	$(say) 'building and hunting'
	@exec $(BIN)/mutants --out $(BIN)/mutants.json

KILLS ?= 200
SEED  ?= 0
LANES ?= 16
.PHONY: chaos
chaos: build ## kill workers and the Temporal server so often (KILLS=200) while payments are made; the ledger judges (SEED=n, LANES=16)
	$(say) 'building the campaign'
	@go build -o $(BIN)/chaos ./internal/chaos/cmd/chaos
	$(say) 'killing; 200 take about ten minutes, as what a killed worker had begun costs a minute each'
	@exec $(BIN)/chaos --kills $(KILLS) --seed $(SEED) --lanes $(LANES) --out $(BIN)/chaos.json

.PHONY: chaos-breaks
chaos-breaks: ## let campaigns run on builds that are broken on purpose: each must be found out; takes some minutes
	$(say) 'building what is broken, and looking whether that is seen'
	@go test -count=1 -timeout 15m -tags breaks -run TestABuildThatIsBrokenOnPurposeIsFoundOut ./internal/chaos

PAYMENTS ?= 300
.PHONY: tryout
tryout: tryton build ## make at least so many payments (PAYMENTS=300) against a real Tryton, with faults, kills and people; its ledger judges (SEED=n)
	@go build -o $(BIN)/tryout ./internal/tryout/cmd/tryout
	$(say) 'paying; 300 payments take some minutes'
	@exec $(BIN)/tryout --payments $(PAYMENTS) --seed $(SEED) --out $(BIN)/tryout.json

.PHONY: reliability
reliability: SEEDS := 1000
reliability: sim mutants chaos tryout ## all four, and docs/reliability.md out of what they measure; takes about 40 minutes
	$(say) 'writing docs/reliability.md'
	@go run ./internal/reliability/cmd/reliability --sim $(BIN)/sim.json --mutants $(BIN)/mutants.json --chaos $(BIN)/chaos.json --tryout $(BIN)/tryout.json --docs docs

FUZZTIME ?= 20s
.PHONY: fuzz
fuzz: ## each fuzz test for FUZZTIME (20s)
	@grep -rHo --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' . | sed 's|/[^/]*_test.go:func | |' | sort -u | \
	while read -r package name; do \
	  printf '\n==> %s %s\n' "$$package" "$$name"; \
	  go test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) "$$package"; \
	done

.PHONY: histories
histories: ## record the histories anew that the replay tests read; commit them only with a change of workflow code
	$(say) 'recording histories'
	@PAYRECON_SAVE_HISTORIES=1 go test -count=1 -timeout 10m -v ./internal/e2e/...

.PHONY: tidy
tidy: ## after any change of a go.mod: the modules demo and bench see the main module's requirements
	@go mod tidy
	@go -C demo mod tidy
	@go -C internal/bench mod tidy

.PHONY: vuln
vuln: $(GOVULNCHECK) ## known vulnerabilities; asks vuln.go.dev
	@$(GOVULNCHECK) ./...
	@cd demo && $(GOVULNCHECK) ./...
	@cd internal/bench && $(GOVULNCHECK) ./...

.PHONY: clean
clean: ## remove what was built
	rm -rf $(BIN)

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r target text; do \
	  printf 'make %-14s %s\n' "$$target" "$$text"; done

$(BIN)/%:
	$(say) 'installing $(notdir $@)'
	@mkdir -p $(BIN)
	@GOBIN=$(BIN) go install $(package)@$(word 2,$(subst @, ,$(notdir $@)))
	@mv $(BIN)/$(word 1,$(subst @, ,$(notdir $@))) $@
