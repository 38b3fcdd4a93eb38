# resinOS host services: everything is built, tested and run from here.
# Targets with "##" are for people; `make` alone lists them.

VERSION := 2.0.0
VARIANT ?= development
VARIANTS := production standalone development
# Tests in containers that are part of `make test`.
CONTAINER_TESTS := ./e2e/container ./e2e/logs ./e2e/network ./e2e/state ./e2e/update ./e2e/wayin
# Tests in a virtual machine that are part of `make test`; the others take too long for it.
VM_TESTS := -run 'TestDevelopment|TestPower|TestRunning|TestKills' ./e2e/development ./e2e/powercut ./e2e/splash ./e2e/update
SSH_PORT ?= 22222
DESTDIR ?=
# One folder, one program, one module.
DAEMONS := $(notdir $(wildcard services/*))
MODULES := proto shared $(addprefix services/,$(DAEMONS)) image image/supervisor e2e

LIBEXEC := $(DESTDIR)/usr/libexec/resinos
UNITDIR := $(DESTDIR)/usr/lib/systemd/system
TMPFILESDIR := $(DESTDIR)/usr/lib/tmpfiles.d
DBUSDIR := $(DESTDIR)/usr/share/dbus-1
DOCDIR := $(DESTDIR)/usr/share/doc/resinos

# On a machine without a new enough Go, image/install-go puts one here.
export PATH := $(CURDIR)/build/go/bin:$(PATH)
export CGO_ENABLED := 0
export GOFLAGS := -buildvcs=false
GOBUILD := go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)'

.DEFAULT_GOAL := help
.PHONY: help run image release test check lint unit gates generate bench fuzz install binaries tools \
	test-container test-container-all test-vm test-vm-all test-powercut test-reproducible host clean $(DAEMONS)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: image ## build the image of VARIANT (development), boot it in QEMU, leave it running until Ctrl-C; SSH_PORT=22222
	VARIANT=$(VARIANT) SSH_PORT=$(SSH_PORT) go run ./image/cmd/run

image: host ## build build/images/resinos-VARIANT.img, a raw GPT disk; VARIANT=production|development|standalone
	image/build $(VARIANT)

release: image ## add the image of VARIANT to the update repository build/repo; keys: build/keys (for development) or UPDATE_KEYS
	image/release $(VARIANT)

images: host ## build the image of every variant, from one root filesystem
	for variant in $(VARIANTS); do image/build $$variant || exit 1; done

test: check gates images test-reproducible ## everything CI runs
	$(MAKE) test-container test-vm

check: lint unit ## lint and unit tests: the loop while you write

lint: host tools ## formatting, vet, linters, shell scripts, known vulnerabilities, generated files
	e2e/lint

unit: host tools ## unit tests and tests on a private bus, with the race detector
	CGO_ENABLED=1 go test -race -timeout 30m $(addsuffix /...,$(addprefix ./,$(MODULES)))

gates: binaries host ## units: systemd-analyze verify and security
	units/check build/bin

test-container: images ## tests in a container booted from the image's own root, one at a time: they share a control group
	go test -count=1 -tags container -p 1 -timeout 30m $(CONTAINER_TESTS)

test-container-all: images ## every test in a container: each daemon masked and replaced, every port from outside
	RESIN_LONG=1 go test -count=1 -tags container -p 1 -timeout 120m ./e2e/...

test-vm: images ## tests in virtual machines booted from the images: those that CI runs, in their short form
	go test -count=1 -short -tags vm -p 1 -timeout 45m $(VM_TESTS)

test-vm-all: images ## every test in a virtual machine; wants a machine that does nothing else
	RESIN_LONG=1 go test -count=1 -tags vm -p 1 -timeout 240m ./e2e/...

test-powercut: image ## power cuts at every write of an edit and an update, of a first boot, a purge, a journal's switch: real file systems, the real kernel
	go test -count=1 -tags powercut -p 1 -timeout 60m -v ./e2e/powercut ./e2e/powercut/update ./e2e/statecut

test-reproducible: image ## build the image a second time from nothing and compare
	image/check-reproducible $(VARIANT)

bench: image ## the performance tables: the idle device, an update beside its peers, many devices on one server: BENCH_WINDOW=10m, PEER_OS_AGENT=path of a built os-agent
	go test -count=1 -tags bench -timeout 60m ./e2e/bench
	@cat build/bench.md
	go run ./e2e/bench/update
	go run ./e2e/bench/fleet

fuzz: ## run every fuzz test for FUZZTIME (30s) each
	e2e/fuzz

generate: ## write the Go code, the contract lock and the JSON Schema from their sources
	cd proto && go run ./cmd/generate
	cd shared && go generate ./...

install: binaries ## install the daemons, their units and D-Bus files below DESTDIR
	install -d $(LIBEXEC) $(UNITDIR) $(TMPFILESDIR) $(DBUSDIR)/system.d $(DBUSDIR)/system-services $(DBUSDIR)/interfaces $(DOCDIR)
	install -m 0755 $(addprefix build/bin/,$(filter-out resinctl,$(DAEMONS))) $(LIBEXEC)
	install -D -m 0755 build/bin/resinctl $(DESTDIR)/usr/bin/resinctl
	cd services/resinctl && GOOS= GOARCH= go run ./cmd/generate $(if $(filter /%,$(DESTDIR)),$(DESTDIR),$(CURDIR)/$(DESTDIR))/usr/share $(VERSION)
	install -m 0644 units/system/*.service $(UNITDIR)
	install -m 0644 units/tmpfiles.d/*.conf $(TMPFILESDIR)
	install -m 0644 units/dbus/system.d/*.conf $(DBUSDIR)/system.d
	install -m 0644 units/dbus/system-services/*.service $(DBUSDIR)/system-services
	install -m 0644 proto/io.resinos.*.xml $(DBUSDIR)/interfaces
	install -m 0644 shared/config/config.schema.json $(DOCDIR)
	for daemon in $(DAEMONS); do install -D -m 0644 services/$$daemon/README.md $(DOCDIR)/$$daemon/README.md || exit 1; done

binaries: $(DAEMONS)

$(DAEMONS): | host
	cd services/$@ && $(GOBUILD) -o $(CURDIR)/build/bin/$@ .

host:
	image/install-host-packages
	image/install-go

tools:
	cd tools && GOBIN=$(CURDIR)/build/tools GOWORK=off go install tool

clean: ## remove everything built, downloads included
	rm -rf build
