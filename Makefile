# aadsshlogin-handler: what people and CI type. `make help` lists it.

VERSION := $(shell cat VERSION)
GO      := go
# The tests run their own programs on other userlands, with older C libraries.
export CGO_ENABLED := 0
# For who publishes it under a name of their own: make zip PUBLISHER=Contoso.Identity TYPE=EntraLogin
NAMES   := $(if $(PUBLISHER),-X aadssh/internal/names.publisher=$(PUBLISHER) -X aadssh/internal/names.extensionType=$(TYPE))
# The extension's type, by which its package is called.
NAME     = $(or $(TYPE),$(shell sed -n 's/^ *"name": *"\(.*\)",$$/\1/p' HandlerManifest.json))
# Static, without paths of the building machine, the same bytes each time. Small,
# because the agent of every VM downloads it: without HTTP/2, which nothing here
# needs, without inlining but in the packages that it makes smaller, without the
# assembler of ciphers and hashes (250 KB, for a handshake and some MB to hash), with
# the smaller of Go's two garbage collectors, and with functions at 16 bytes' distance
# instead of 32: none makes anything here faster that matters.
comma   := ,
INLINED := $(shell grep -v '^\#' misc/inlined.txt)
BUILD   := GOEXPERIMENT=nogreenteagc $(GO) build -trimpath -buildvcs=false -tags netgo,osusergo,nethttpomithttp2,purego$(if $(TAGS),$(comma)$(TAGS)) -gcflags=all=-l $(INLINED:%=-gcflags=%=) -ldflags '-s -w -buildid= -funcalign=1 -X main.version=$(VERSION) $(NAMES)'

.PHONY: help
help: ## list the targets
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: build/aadsshlogin-handler-amd64 build/aadsshlogin-handler-arm64 ## the handler for both architectures, in build/

build/aadsshlogin-handler-%: FORCE
	@mkdir -p build
	GOOS=linux GOARCH=$* $(BUILD) -o $@ .

.PHONY: FORCE
FORCE:

# What the tests play with is built as what is released is: make program OUT=path TAGS=rig
.PHONY: program
program:
	$(BUILD) -o $(OUT) .

# The licences of what is linked into the program want their texts to go with it: this
# project's, Go's, and each module's.
build/LICENSES.txt: FORCE
	@mkdir -p build
	set -e; { for arch in amd64 arm64; do GOOS=linux GOARCH=$$arch $(GO) list -tags netgo,osusergo,nethttpomithttp2,purego -deps \
		-f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}' .; done; } | sort -u > build/modules.txt; \
	{ printf 'aadsshlogin-handler\n\n'; cat LICENSE; printf '\n\nThe Go programming language\n\n'; cat "$$($(GO) env GOROOT)/LICENSE"; \
	while read -r path version dir; do for file in "$$dir"/LICENSE* "$$dir"/NOTICE*; do \
		test ! -e "$$file" || { printf '\n\n%s %s: %s\n\n' "$$path" "$$version" "$${file##*/}"; cat "$$file"; }; \
	done; done < build/modules.txt; } > $@; rm build/modules.txt

.PHONY: zip
zip: build build/LICENSES.txt ## the extension's package, in build/
	$(GO) run ./misc/packaging -version $(VERSION) -binaries build -licences build/LICENSES.txt $(if $(PUBLISHER),-publisher $(PUBLISHER) -type $(TYPE)) -sbom build/sbom.cdx.json -o build/$(NAME)-$(VERSION).zip

.PHONY: packages
packages: build build/LICENSES.txt build/nfpm ## deb and rpm for both architectures, in build/
	gzip -9n < misc/man/aadsshlogin-handler.1 > build/aadsshlogin-handler.1.gz
	$(GO) run . completion bash > build/completion.bash
	set -e; for arch in amd64 arm64; do for kind in deb rpm; do \
		ARCH=$$arch VERSION=$(VERSION) BUILD=build build/nfpm package -f misc/packages/nfpm.yaml -p $$kind -t build/ >/dev/null; \
	done; done

.PHONY: release
release: zip packages ## all that is published, with SBOM and checksums, in build/release/
	rm -rf build/release build/vm-application
	mkdir -p build/release build/vm-application
	cp build/aadsshlogin-handler-amd64 build/aadsshlogin-handler-arm64 build/$(NAME)-$(VERSION).zip build/sbom.cdx.json build/LICENSES.txt \
		build/aadsshlogin-handler_$(VERSION)-1_*.deb build/aadsshlogin-handler-$(VERSION)-1.*.rpm build/release/
	install -m 755 misc/launcher build/vm-application/aadsshlogin-handler
	install -m 755 build/aadsshlogin-handler-amd64 build/aadsshlogin-handler-arm64 build/vm-application/
	install -m 644 build/LICENSES.txt build/vm-application/
	tar --sort=name --format=gnu --mtime=@1577836800 --owner=0 --group=0 --numeric-owner -C build/vm-application -cf - . | gzip -9n > build/release/aadsshlogin-handler-$(VERSION).vm-application.tar.gz
	cd build/release && sha256sum * > SHA256SUMS

# The packager has a module of its own: nothing of it is in the program.
build/nfpm: misc/packages/nfpm/go.mod
	$(GO) -C misc/packages/nfpm build -o $(CURDIR)/build/nfpm github.com/goreleaser/nfpm/v2/cmd/nfpm

.PHONY: demo
demo: prepare ## run the five operations on throw-away machines and show what the portal would show (root)
	$(GO) run -tags rig ./test/cmd/demo

.PHONY: demo-shell
demo-shell: prepare ## a shell on a broken machine, to try doctor on; MACHINE=list names others (root)
	$(GO) run -tags rig ./test/cmd/demo -shell

.PHONY: test
test: unit rig ## the tests: those without root, and with root a part of those on throw-away machines

.PHONY: unit
unit: ## tests that need no root: minutes at first, then seconds
	$(GO) vet ./...
	$(GO) test -vet=off ./...

# What runs with each change, and all that there is. docs/testing.md says what is in which.
# Those that take longest stand first, so that no processor is idle at the end.
RIG     := ./test/cmd/faults ./test/suite/e2e ./test/suite/firewall ./test/suite/signin ./test/suite/doctor ./test/suite/pam ./test/lib/machine ./test/lib/rig ./test/lib/pkghost ./test/lib/box ./test/lib/agentrun ./test/lib/keys ./internal/trust ./internal/host
# Of enable and families, what comes up at each run: the scripts, what a second
# enable does, and what is decided by what the package manager did; and whether two builds
# of the zip are the same.
RIG_PART := -run '^(TestScripts|TestSecondEnable|TestProcessesOfAHealthyEnable|TestTraceShowsAChange|TestReadTrace|TestVerification|TestUnusableRepository|TestOwnersEntry|TestRepairWithoutTheKeptFile|TestSameZip|TestZipCanFail|TestBegun)$$' ./test/suite/enable ./test/suite/families ./test/lib/planned ./misc/packaging
RIG_ALL := ./test/... ./misc/packaging ./internal/trust/... ./internal/host/... ./internal/signin/...

.PHONY: rig rig-all
ifeq ($(shell id -u),0)
rig: prepare ## a representative part of the tests on throw-away machines (root)
	$(GO) vet -tags rig ./...
	$(GO) test -tags rig -vet=off -p 3 -timeout 40m $(RIG)
	$(GO) test -tags rig -vet=off $(RIG_PART)

rig-all: prepare ## every test on throw-away machines: the better part of an hour (root)
	FAMILIES=all PAM=all SCENARIOS=all $(GO) test -tags rig -timeout 90m $(RIG_ALL)
else
rig rig-all:
	@echo 'NOT RUN: the tests on throw-away machines need root. Run: sudo make $@'
endif

.PHONY: times
times: prepare ## what of `make test` takes how long, into docs/testing.md: runs all of it with a cold cache (root)
	{ $(GO) test -vet=off -count=1 -json ./... && $(GO) test -tags rig -vet=off -count=1 -json -p 3 -timeout 40m $(RIG) && $(GO) test -tags rig -vet=off -count=1 -json $(RIG_PART); } | $(GO) run ./test/cmd/times -document docs/testing.md

.PHONY: signin
signin: prepare ## every machine of docs/sign-in-checks.md, with real ssh from outside; UPDATE_GOLDEN=1 renders it (root)
	MACHINES=all $(GO) test -tags rig -count=1 -timeout 90m ./test/suite/signin -run TestMatrix

.PHONY: plans
plans: prepare ## what plan says against what enable then does, on every broken machine of the sign-in matrix and of doctor's tests (root)
	MACHINES=all $(GO) test -tags rig -count=1 -timeout 90m -run '^TestPlanAgreesWithEnable$$' ./test/suite/signin ./test/suite/doctor
	PLANS=all $(GO) test -tags rig -count=1 -timeout 40m -run '^(TestScripts|TestVerification|TestBadInput|TestKilledInTransaction|TestTerminated|TestLegacy)$$' ./test/suite/enable ./test/suite/families ./test/suite/hostile

.PHONY: e2e
e2e: prepare ## the package under every release of the real agent, all scenarios: minutes (root)
	E2E=all $(GO) test -tags rig -count=1 -timeout 60m ./test/lib/machine ./test/suite/e2e

.PHONY: e2e-vm
e2e-vm: ## some scenarios on emulated machines: agents that use scopes, SELinux, wrong clocks (root, amd64)
	$(GO) run ./test/cmd/prepare qemu-system-x86 e2fsprogs
	$(GO) vet -tags rig,vm ./test/suite/e2e
	$(GO) test -tags rig,vm -count=1 -timeout 120m ./test/suite/e2e

.PHONY: prepare
prepare:
	$(GO) run ./test/cmd/prepare

.PHONY: bench
bench: prepare ## the costs beside the bare package manager, in one run, rendered in docs/benchmarks.md (root)
	$(GO) run -tags rig ./test/cmd/bench -document docs/benchmarks.md

.PHONY: faults
# CASES is how many points of each operation are tried, evenly spread; 0 is all.
CASES ?= 28
faults: prepare ## kill the handler before and after what it does, and render docs/reliability.md (root)
	$(GO) run -tags rig ./test/cmd/faults -each $(CASES) -document docs/reliability.md

.PHONY: faults-errors
# FAULTS is how many faults of each operation are played, spread over its calls. What
# an earlier run of the same program has played counts and is not played again.
FAULTS ?= 200
faults-errors: prepare ## make system calls of the handler fail, and render docs/reliability.md (root)
	$(GO) run -tags rig ./test/cmd/faults -errors -each $(FAULTS) -document docs/reliability.md

.PHONY: fuzz
# Making an input small that was only interesting would take the whole minute of
# those that are slow.
FUZZTIME ?= 1m
fuzz: ## let every parser of what comes from outside read rubbish, a minute each (FUZZTIME)
	@set -e; for package in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
			echo "$$package $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$package; \
		done; \
	done

.PHONY: lint
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.7.0
DEADCODE    := golang.org/x/tools/cmd/deadcode@v0.51.0
# Its findings that were accepted stand one by one, with reasons, in test/cmd/accepted/gosec.txt.
GOSEC       := github.com/securego/gosec/v2/cmd/gosec@v2.22.10
lint: ## formatting, vet, staticcheck, dead code, gosec, and vulnerabilities where their database can be had
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo 'run: gofmt -w .'; exit 1; }
	$(GO) vet ./...
	$(GO) vet -tags rig ./...
	$(GO) vet -tags rig,vm ./test/suite/e2e
	$(GO) mod verify
	@if $(GO) install $(STATICCHECK) 2>/dev/null; then for packages in './...' '-tags rig ./...' '-tags rig,vm ./test/suite/e2e'; do \
		echo "staticcheck $$packages"; "$$($(GO) env GOPATH)/bin/staticcheck" $$packages || exit 1; \
	done; else echo "NOT RUN: $(STATICCHECK) could not be had"; fi
	@if $(GO) install $(DEADCODE) 2>/dev/null; then echo 'deadcode .'; \
		dead=$$("$$($(GO) env GOPATH)/bin/deadcode" .) || exit 1; test -z "$$dead" || { echo "$$dead"; exit 1; }; \
	else echo "NOT RUN: $(DEADCODE) could not be had"; fi
	@# Without GOSECGOVERSION it starts "go list" hundreds of times, which takes longer than all the rest of it.
	@if $(GO) install $(GOSEC) 2>/dev/null; then GOSECGOVERSION="go$$($(GO) list -m -f '{{.GoVersion}}')" "$$($(GO) env GOPATH)/bin/gosec" -quiet -no-fail -fmt=json -exclude-dir=test -exclude-dir=misc ./... | $(GO) run ./test/cmd/accepted test/cmd/accepted/gosec.txt; else echo "NOT RUN: $(GOSEC) could not be had"; fi
	@if command -v govulncheck >/dev/null; then govulncheck ./... || { [ $$? -eq 3 ] && exit 1; echo "NOT RUN: govulncheck could not reach its database"; }; else echo "NOT RUN: govulncheck is not installed (go install golang.org/x/vuln/cmd/govulncheck@v1.1.4)"; fi

.PHONY: docs
docs: ## render what needs no machine: tables in docs/, the golden plans, what messages mean
	UPDATE_GOLDEN=1 $(GO) test ./internal/fault ./distro ./internal/agent ./internal/repo ./internal/decide ./internal/preflight ./internal/cli ./internal/doctor ./pkgmgr ./misc ./test/suite/attacks
