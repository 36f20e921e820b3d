# Spillway. Two commands are all a fresh machine needs: `make demo` and `make test`.
#
# Everything is built in the release profile: RocksDB's C++ compiles once for demo, tests and clippy
# together. Tests run with assertions and overflow checks on; what is shipped has both off, which only
# recompiles our own crates.

SHELL := /bin/bash
.DEFAULT_GOAL := help

# Messages of the event that the demo sends; 2800000 is the full Fan Festival.
MESSAGES ?= 2800000
# Rounds of the kill test under `make soak`.
KILLS ?= 500
# Kills in each round's seal under `make soak`.
SEAL_KILLS ?= 20
# Seconds that the brokers are away or frozen under `make soak`; 60 in `make test`.
AWAY ?= 600
# SHA-256 of the full recording with the default seed; see docs/traffic-model.md.
FULL_RECORDING := 9da0e4b2e978ee29df55f83361eb7f1102118715fe7da86546a663f53cdf1e4b

SHIPPED := CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS=false CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS=false
CARGO := cargo --locked
TARGET_DIR = $(or $(CARGO_TARGET_DIR),target)

.PHONY: help setup setup-broker setup-tests build demo demo-kafka test lint fmt bench soak clean

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 18

setup: ## install what is missing (Debian packages; elsewhere their names are printed)
	@deploy/setup.sh

setup-broker: setup
	@deploy/setup.sh broker

setup-tests: setup
	@deploy/setup.sh broker tests

build: setup ## build the binaries into bin/
	@mkdir -p bin
	$(SHIPPED) $(CARGO) build --release --workspace
	@cp -f $(TARGET_DIR)/release/spillway $(TARGET_DIR)/release/surge \
	  $(TARGET_DIR)/release/spillway-broker bin/

demo: build ## replay the Fan Festival of 9 April 2013 and print what became of every message
	@deploy/demo.sh $(MESSAGES)

demo-kafka: setup-broker build ## the same on a Kafka broker that it starts itself
	@deploy/demo.sh $(MESSAGES) kafka

test: setup-tests lint ## everything that must hold
	$(CARGO) test --release --workspace --no-fail-fast

lint: setup ## format, clippy with warnings as errors, licences and bans when cargo-deny is there
	cargo fmt --all --check
	$(CARGO) clippy --release --workspace --all-targets -- -D warnings
	@if cargo deny --version >/dev/null 2>&1; then cargo deny --offline check bans licenses sources; \
	else echo 'cargo-deny is not installed: bans and licences are checked where it is (cargo install cargo-deny)'; fi

fmt: ## format all code
	cargo fmt --all

bench: build ## the benchmarks: ratios in one run on this machine; half an hour
	$(SHIPPED) $(CARGO) run --release --package benches -- all

soak: build setup-broker ## the long runs: KILLS kills, brokers away for AWAY seconds, the full recording held to its hash
	@mkdir -p demo-data
	bin/surge generate fanfest-0409 --out demo-data/soak.jsonl --verify $(FULL_RECORDING)
	SOAK_KILLS=$(KILLS) $(CARGO) test --release --package cli --test surge_kill -- --nocapture
	SOAK_CONTEST_KILLS=$(SEAL_KILLS) $(CARGO) test --release --package cli --test contest_kills -- --nocapture
	SOAK_CONTEST_MESSAGES=$(MESSAGES) SOAK_SURGE_LIMIT_S=36000 $(CARGO) test --release --package cli --test contest_equal -- --nocapture
	SOAK_SURGE_LIMIT_S=36000 SOAK_KAFKA_KILLS=$(KILLS) SOAK_CONTEST_MESSAGES=$(MESSAGES) SOAK_AWAY_S=$(AWAY) SOAK_FROZEN_S=$(AWAY) SOAK_FAULT_S=60 SOAK_FREEZE_S=60 \
		$(CARGO) test --release --package cli --no-fail-fast \
		$(foreach t,nodes kills faults,--test kafka_$(t)) -- --nocapture

clean: ## remove what builds and demos left
	cargo clean
	rm -rf bin demo-data
