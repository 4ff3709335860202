# Everything a developer or an operator does. `make run` is all a new machine needs besides Node.js, make and git.

NODE_MODULES := node_modules/.installed
LINT := node_modules/.bin/oxlint -c oxlint.config.mjs --report-unused-disable-directives --deny-warnings
JEST := node_modules/.bin/jest
# Where the runner writes its own count of what passed and failed.
REPORTS := build/reports
# Runs a command; where it fails without a report of the runner's, a file says so to the summary.
STEP = mkdir -p $(REPORTS) && rm -f $(NOTES)*; { $(1); } || { ls $(NOTES)*.json >/dev/null 2>&1 || echo 'make $(@F:.built=build)' >$(NOTES).failed; false; }
NOTES = $(REPORTS)/$(@F:.built=build)
# Bundled without looking at types: the summary comes also where these are wrong.
REPORT := node_modules/.bin/esbuild tools/report/main.ts --bundle --platform=node --log-level=error --outfile=build/report.js && node build/report.js
# As root: what was made belongs to whom the checkout belongs to.
OWN := deps/own.sh
# What tools of ours keep for the next time stays in the checkout, too.
export XDG_CACHE_HOME = $(CURDIR)/build/cache

# End-to-end tests start real brokers, services and browsers, or ask the real kernel; unit tests need nothing but Node.js.
# Alone: what counts events of the whole machine, installs, fills both processors itself, or is held to times that a full
# processor would miss. The others wait more than they work: two at a time.
ALONE_TOOLS := tools/chaos/|stack/(door|first-light|orphans|page|page-kernel)\.test
ALONE := \.e2e\.test\.ts|$(ALONE_TOOLS)
E2E := tools/.*\.test\.ts|$(ALONE)

.PHONY: run check test report again unit e2e build fmt fmt-check lint types clean

run: here broker build
	@exec node build/tools/stack/main.js

# Side by side: none of the four uses both of even a small machine's processors for long.
check: here $(NODE_MODULES)
	@$(MAKE) --no-print-directory -j4 fmt-check lint types unit bounds

# All of it, whatever fails; then what failed, what was skipped, and why.
test: here
	@deps/announce.sh
	@rm -rf $(REPORTS)
	@status=0; for part in programs check e2e; do $(MAKE) --no-print-directory $$part || status=1; done; \
	$(MAKE) --no-print-directory report || status=1; $(OWN) build; exit $$status

# The summary of the tests that ran last. BUDGET=2: fails where more than two files passed the second time only.
report:
	@$(REPORT) $(if $(BUDGET),--budget $(BUDGET)) $(REPORTS)

# The files that failed in the tests that ran last, once more, each in a process of its own: on a busy machine some do.
again:
	@files=$$($(REPORT) --failed $(REPORTS)) && [ -n "$$files" ] || { echo 'no test file has failed'; exit 1; }; \
	for file in $$files; do \
	  echo "once more, by itself: $$file"; \
	  PATH="$$PATH:$$PWD/deps/build/bin" $(JEST) --runInBand --forceExit --runTestsByPath "$$file" --json --outputFile="$(REPORTS)/again-$$(echo "$$file" | tr / -).json"; \
	done; $(OWN) build

unit: $(NODE_MODULES)
	@$(call STEP,$(JEST) --maxWorkers 2 --testPathIgnorePatterns '$(E2E)' --json --outputFile=$(REPORTS)/unit.json --silent=false); \
	status=$$?; $(OWN) build; exit $$status

# One broker for all that do nothing to it: starting one takes longer than most tests. SKIP: files to leave out, by
# pattern. A handle that a test forgot must not hold up everybody until the end of time.
e2e: here programs build
	@$(call STEP,PATH="$$PATH:$$PWD/deps/build/bin" node build/tools/stack/shared-broker.js $(MAKE) --no-print-directory -j1 -k e2e-together e2e-alone); \
	status=$$?; $(OWN) build deps/build; exit $$status

.PHONY: e2e-together e2e-alone
e2e-together:
	@$(call STEP,$(JEST) --testPathPatterns 'tools/.*\.test\.ts' --testPathIgnorePatterns '$(ALONE_TOOLS)$(if $(SKIP),|$(SKIP))' --maxWorkers 2 --forceExit --json --outputFile=$(REPORTS)/e2e-together.json)

e2e-alone:
	@$(call STEP,$(JEST) --testPathPatterns '$(ALONE)' $(if $(SKIP),--testPathIgnorePatterns '$(SKIP)') --runInBand --forceExit --json --outputFile=$(REPORTS)/e2e-alone.json)

# Folders count too: a deleted file changes only its folder, and its old output must go.
SOURCES := $(shell find common services tools smf) package.json tsconfig.json tsconfig.build.json

build: build/.built

build/.built: $(NODE_MODULES) $(SOURCES)
	@rm -rf build/common build/services build/tools build/smf build/.tsbuildinfo build/.built
	@$(call STEP,node_modules/.bin/tsc -p tsconfig.build.json && node services/config/www/build.mjs)
	@touch $@
	@$(OWN) build

fmt: $(NODE_MODULES)
	node_modules/.bin/prettier --write --log-level warn .

fmt-check: $(NODE_MODULES)
	@$(call STEP,node_modules/.bin/prettier --check --log-level warn .)

lint: $(NODE_MODULES)
	@$(call STEP,$(LINT) .)

# Sizes, cycles, folders: within the bounds of tools/house. `make house` prints the figures.
bounds: $(NODE_MODULES)
	@$(JEST) --silent tools/house

types: $(NODE_MODULES)
	@$(call STEP,node_modules/.bin/tsc --noEmit -p . && node_modules/.bin/tsc --noEmit -p services/config/www)

# The file, not the folder, says that an install came to its end. Versions are the lock file's. Not `npm ci`: it refuses
# a lock file that lacks other platforms' optional binaries, and a registry mirror may not have these to begin with.
$(NODE_MODULES): package.json package-lock.json
	@echo 'fetching npm packages into node_modules (245 MB on disk, about half a minute) …'
	@# Else the first that keeps something in build/cache makes both folders its user's alone.
	@mkdir -p build
	@npm install --no-save --loglevel=error --no-progress
	@touch $@
	@$(OWN) node_modules

.PHONY: here broker programs
# One sentence where this user cannot write in this checkout.
here:
	@deps/own.sh --check

# Says what is missing where it cannot be fetched; a broker named by CA_AMQP_URL makes it unnecessary.
broker:
	@test -n "$$CA_AMQP_URL" || deps/fetch.sh broker || true
	@$(OWN) deps/build

# What only tests lean on; without it some are skipped, and say so. Quick when it is all there.
programs: broker
	@deps/fetch.sh tests || true
	@deps/install-prometheus.sh || true
	@deps/install-dtrace.sh || true
	@deps/node-probes/build.sh || true
	@$(OWN) deps/build deps/node-probes/build

.PHONY: bench bench-short bench-latency bench-tools
# All measurements, three rounds (25 minutes): a table on the screen, and bench/results.json. ROUNDS=1: one.
bench: broker bench-tools build
	@PATH="$$PATH:$$PWD/deps/build/bin" node build/tools/bench/main.js $(if $(ROUNDS),--rounds $(ROUNDS))

# At most a minute, for CI: fails only where a ratio is off by a factor of 4.
bench-short: broker bench-tools build
	@PATH="$$PATH:$$PWD/deps/build/bin" node build/tools/bench/main.js --short

bench-latency: broker build
	@PATH="$$PATH:$$PWD/deps/build/bin" node build/tools/bench/main.js --only latency

# What cannot be compared is left out.
bench-tools:
	@deps/fetch.sh bench || true

.PHONY: chaos
# Breaks everything that can break, at random, for so many seconds, and accounts for every value. SEED=1: as that time.
DURATION ?= 600
chaos: broker build
	@node build/tools/chaos/main.js --duration $(DURATION) $(if $(SEED),--seed $(SEED))

.PHONY: certs
# For trials: an authority of one's own in OUT, and certificates that it signs, new ones each time. SERVERS="ca=ca.example,10.0.0.1
# broker=broker.example": files, and the names and addresses that they are for; CLIENTS="node-n1 config": users of the broker.
OUT ?= certs
certs: build
	@node build/tools/certs/main.js '$(OUT)' '$(SERVERS)' '$(CLIENTS)'

.PHONY: attack
# Every attack that a stranger, a customer, a node or a local user may try, on a fresh system with tokens and customers:
# one line each; fails when one works. ONLY=door: those whose area or name matches.
attack: broker build
	@node build/tools/attack/main.js $(if $(ONLY),--only '$(ONLY)')

.PHONY: strange
# The README's words on machines that have never seen this: Debian 12, 13, Ubuntu's layout (docs/strange.md).
strange:
	@SUITE="$(SUITE)" ONLY="$(ONLY)" QUICK="$(QUICK)" FULL="$(FULL)" tools/strange/strange.sh

# Every metric of every source, tried for real: ok, unavailable (reason) or failed (why). SOURCE=bpf: one of them.
.PHONY: probes
probes: build
	@deps/node-probes/build.sh || true
	@node build/tools/probes/main.js $(SOURCE)

# What each metric counts of work of known size, beside its witness: one line each; fails when one is off. TRUTH=--short: for CI.
.PHONY: truth
truth: build
	@node build/tools/truth/main.js $(TRUTH)

# Half an hour on a machine that is overloaded five times: each second exact to one event, or what is missing in `lost`.
# SECONDS, RATE (calls a second), LOAD (busy programs per CPU), QUESTIONS: another run; STOP: the node stands still for as many
# seconds every 20, and what is made then must be lost.
.PHONY: truth-long
truth-long: broker build
	@PATH="$$PATH:$$PWD/deps/build/bin" node build/tools/truth/long.js

# Kernels of Debian's releases under emulation: every metric, work of known size, random programs, a hundred questions under
# load; docs/kernels.md. KERNEL=5.10: one of them; KERNEL=--short: 6.1 and another one each day, by hand: CI runs it once it has passed there.
.PHONY: kernels
kernels: build
	@deps/fetch.sh kernels || [ '$(KERNEL)' = --short ]
	@node build/tools/kernels/main.js $(KERNEL)

# 10,000 questions made at random, each accepted by the kernel's verifier.
.PHONY: fuzz
fuzz: $(NODE_MODULES)
	CA_FUZZ_RUNS=10000 $(JEST) --testPathPatterns 'sources/bpf/compiler/compile\.e2e\.test\.ts' --testNamePattern 'made at random'

# How the tree reads, in figures: sizes, cycles, folders, importers of outside packages.
.PHONY: house
house: build
	@node build/tools/house/main.js

.PHONY: packages apt-repository fleet-test fleet-test-short
# .deb files below build/packages. NODE=system: on the system's Node.js 20 or newer, instead of one in the package.
packages: build
	@NODE=$(or $(NODE),bundled) deploy/debian/build.sh

# An OCI image of them, build/image/cloud-analytics.tar; by root, with buildah and mmdebstrap.
.PHONY: image
image: packages
	@deploy/oci/build.sh

# An apt repository of them below build/apt; KEY=… signs it with that key of gpg.
apt-repository: packages
	@KEY='$(KEY)' deploy/debian/repository.sh

# docs/fleet.md on machines of Debian 12 and 13 booted by systemd-nspawn, from the packages: one line for each claim. OLD=folder: upgrades from there, too.
fleet-test: packages
	@OLD='$(OLD)' tools/machines/fleet-test.sh

# What of it needs no machine, in a minute: the packages from an apt repository on this machine's own root, below an overlay.
fleet-test-short: packages
	@OLD='$(OLD)' tools/machines/short.sh

include smf/install.mk

.PHONY: uninstall
# What was built, and the state of make run.
clean: here
	@deps/clean.sh build .run

# All that make run, make test and make bench have brought; it lists what it leaves.
uninstall: here
	@deps/clean.sh --all build .run node_modules deps/build deps/node-probes/build
