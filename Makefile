# svctui. `make help` lists the targets.

VERSION      ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS      := -s -w -X main.version=$(VERSION)
TOOLS        := $(CURDIR)/.bin
GOLANGCI     := $(TOOLS)/golangci-lint
GORELEASER   := $(TOOLS)/goreleaser
GOLANGCI_VERSION   := v2.15.0
GORELEASER_VERSION := v2.16.0

.DEFAULT_GOAL := build

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-16s %s\n", $$1, $$2}'

.PHONY: build
build: ## build ./svctui
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o svctui .

.PHONY: demo
demo: ## run the embedded demo cluster
	go run . demo

.PHONY: test
test: test-unit e2e ## everything: unit tests with -race, then end to end on a real cluster

.PHONY: test-unit
test-unit: ## unit tests, with the race detector
	go vet ./...
	go test -race -timeout 15m ./...

.PHONY: e2e
e2e: ## end-to-end tests on a real cluster (Linux and root, or a KUBECONFIG of your own: see e2e/README.md)
	cd e2e && go vet ./... && go run ./cmd/cluster test

.PHONY: cluster
cluster: ## bring up the test cluster and say how to enter it
	cd e2e && go run ./cmd/cluster up

.PHONY: cluster-down
cluster-down: ## end the test cluster and remove what it left
	cd e2e && go run ./cmd/cluster down

.PHONY: bench
bench: ## run the benchmarks
	go test -run '^$$' -bench . -benchmem ./...

.PHONY: fuzz
fuzz: ## put arbitrary clusters before the checks and what is written of them, for FUZZTIME (default 5m)
	go test ./probes/report -run '^$$' -fuzz FuzzReport -fuzztime $(or $(FUZZTIME),5m) -fuzzminimizetime 20x -parallel=1

.PHONY: mutate
mutate: ## change each condition of probes/check and probes/isolation in turn, and see that a test notices (minutes; FILES=ports.go for some)
	go run ./probes/check/internal/mutate -files '$(FILES)'

.PHONY: generate
generate: ## write what is generated from the code: docs/findings.md, docs/keys.md
	go generate ./...

.PHONY: lint
lint: $(GOLANGCI) ## static checks and formatting
	$(GOLANGCI) run ./...
	cd e2e && $(GOLANGCI) run ./...

.PHONY: fmt
fmt: $(GOLANGCI) ## format all code
	$(GOLANGCI) fmt ./...
	cd e2e && $(GOLANGCI) fmt ./...

.PHONY: release-files
release-files: ## shell completions and the man page, as they go into a release
	@mkdir -p dist-files/completions dist-files/man
	go run . completion bash > dist-files/completions/svctui.bash
	go run . completion zsh  > dist-files/completions/_svctui
	go run . completion fish > dist-files/completions/svctui.fish
	go run . man             > dist-files/man/svctui.1

.PHONY: release-check
release-check: $(GORELEASER) ## is .goreleaser.yaml sound?
	$(GORELEASER) check

.PHONY: release-snapshot
release-snapshot: release-check ## build every archive and the Homebrew cask into dist/, and try the one for this machine
	$(GORELEASER) release --snapshot --clean --skip=publish
	cd e2e && SVCTUI_DIST=$(CURDIR)/dist go test -count=1 -v ./release

$(GOLANGCI):
	GOBIN=$(TOOLS) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)

$(GORELEASER):
	GOBIN=$(TOOLS) go install github.com/goreleaser/goreleaser/v2@$(GORELEASER_VERSION)

.PHONY: clean
clean: ## remove what was built here (never Go's caches)
	rm -rf svctui dist dist-files
