# Everything a developer runs. `make` alone lists the targets.

GO       ?= go
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS   = -s -w -X main.version=$(VERSION)
FUZZTIME ?= 10s

# The server's version comes from VERSION above, so the build needs no git stamp.
export GOFLAGS := -buildvcs=false $(GOFLAGS)

# golangci-lint has a module of its own: its dependencies are no business of the server's.
LINT = $(GO) tool -modfile=tools/go.mod golangci-lint

# Where goroutines share memory: the writer and its group, the loop, caches, lanes, flights, leases. What only shares the database is
# tried by several callers at once in its own tests, without the detector. Under it SQLite, which is Go like the tests, is many times
# slower; so the rules are watched on PostgreSQL alone, and the writer in front of SQLite in platform/db.
RACE = $(addprefix ./internal/platform/,clock db due expr page rate) ./internal/api/guard ./internal/api/transcode
RACE_RULES = $(addprefix ./internal/govern/,grant iam policy provision)

# Where tests write. What go itself builds for them stays where it always is: it is large.
TESTS = dir=$$($(GO) env GOTMPDIR); export GOTMPDIR=$${dir:-$${TMPDIR:-/tmp}} TMPDIR=$$(tools/scratch.sh);

# go test shows no word of a package that passes, so what is left out is said before it starts.
define SAY_WHAT_IS_LEFT_OUT
if [ -z "$$INTERIM_TEST_POSTGRES_URL" ] && ! command -v initdb >/dev/null && ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then \
	echo "No PostgreSQL here: no initdb in PATH or in Debian's folder, and INTERIM_TEST_POSTGRES_URL is not set."; \
	echo "Left out are the tests on PostgreSQL in"; \
	grep -rlE --include='*_test.go' '(dbtest|pgtest)\.' internal test cmd 2>/dev/null | xargs -r -n1 dirname | sort -u | sed 's/^/  /'; \
fi
endef

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build bin/interim: one static binary
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "$(LDFLAGS)" -o bin/interim ./cmd/interim

.PHONY: run
run: build ## Build and serve on 127.0.0.1:8443, data under ./data
	bin/interim serve --data ./data

.PHONY: test
test: ## Run every test: unit, store and story, on SQLite and on a PostgreSQL when one is to be found
	@$(SAY_WHAT_IS_LEFT_OUT)
	$(TESTS) $(GO) test -timeout 30m ./...

.PHONY: race
race: ## Run the tests of the packages with shared state under the race detector
	$(TESTS) CGO_ENABLED=1 $(GO) test -race -short -timeout 30m $(RACE)
	$(TESTS) CGO_ENABLED=1 $(GO) test -race -short -timeout 30m -skip '/sqlite$$' $(RACE_RULES)

.PHONY: lint
lint: ## Run golangci-lint, gofmt and goimports (.golangci.yml)
	$(LINT) run ./...

.PHONY: format
format: ## Rewrite the Go files as gofmt and goimports want them
	$(LINT) fmt ./...

.PHONY: generate
generate: ## Regenerate gen/ from proto/
	$(GO) generate ./...

.PHONY: tidy
tidy: ## Tidy both go.mod files
# -e, because a test of modernc.org/sqlite imports a module version that not every
# module proxy serves. Nothing here builds that test; without -e, tidy stops at it.
	$(GO) mod tidy -e
	$(GO) -C tools mod tidy -e

.PHONY: fuzz
fuzz: ## Run each fuzz target for FUZZTIME (default 10s)
	tools/fuzz.sh $(FUZZTIME)

.PHONY: contract
contract: ## Compare what is served with the contract folder, where that is present
	$(GO) test -count=1 -v -run Contract ./test/compat

.PHONY: bench
bench: build ## Measure the server and print the table of docs/benchmarks.md (LOAD=-quick for a short one); needs wrk
	$(GO) run ./test/load $(LOAD)
