# Everything a clone can do. Each target sets up what it needs; `make` alone lists them.

PYTHON ?= python3
PYTEST ?= pytest --numprocesses=auto --dist=worksteal --quiet
TYPED := homebackup components pverules lab

# The lab and the tests use what is installed here, and never the user's own Pulumi state or the network.
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/.tools/bin:$(PATH)
export PULUMI_SKIP_UPDATE_CHECK := true
export PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION := true

.DEFAULT_GOAL := help
.PHONY: help setup check lint format-check types architecture demo demo-restore test test-fast test-lab test-pulumi conformance faults simulate acceptance browser apps lab bench format lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install what the lock file pins into .venv, and find or build Pulumi
	@$(PYTHON) tools/setup.py

check: lint format-check types architecture ## Check style, types and the directions of imports

lint: setup
	@ruff check --quiet --output-format=concise . && echo "lint: clean"

format-check: setup
	@ruff format --check --quiet . && echo "format: clean" || { echo "format: run make format"; exit 1; }

types: setup
	@mypy --no-error-summary $(TYPED)
	@mypy --no-error-summary --no-explicit-package-bases tools && echo "types: right"

architecture: setup
	@lint-imports --no-logo >.import_linter.log 2>&1 && echo "architecture: kept" || { cat .import_linter.log; exit 1; }

demo: setup ## Set everything up and run the main job on the lab, on one screen
	@python tools/demo.py

demo-restore: setup ## Audit, adopt, back up, verify, drill and restore on the lab, on one screen
	@python tools/demo_restore.py

test: test-fast test-lab test-pulumi ## Run every test but those that need a browser, another program or a virtual machine

test-fast: setup ## Run the tests that need nothing but Python
	@$(PYTEST) -m "not acceptance and not browser and not apps and not conformance and not lab and not pulumi"

test-lab: setup ## Run the tests that start a lab
	@$(PYTEST) -m "lab and not acceptance and not browser and not apps and not pulumi"

test-pulumi: setup ## Run the tests of the real Pulumi CLI on the lab
	@$(PYTEST) -m pulumi

conformance: setup ## Replay everything recorded of Proxmox VE against the lab and the rules
	@python -m tests.lab.conformance

faults: setup ## Break every operation at every step in every way on the lab, and see that the next run converges
	@python -m tests.faults

simulate: setup ## Live through twelve weeks on the lab, hour by hour, and compare every verdict with what it ought to be
	@python -m tests.simulate

acceptance: setup ## Try it on a real kernel, NFS server, systemd and sshd, in machines built from Debian's packages
	@python -m tests.acceptance

browser: setup ## Look at the report in Chromium, on a phone, a screen and paper, installing it from Debian's packages
	@python -m tests.browser

apps: setup ## Try Home Assistant, PostgreSQL and SQLite themselves, installing what is missing
	@python -m tests.apps

lab: setup ## Run a lab in this terminal, for the stack `lab`: a Proxmox VE node, its host and a NAS in a box
	@mkdir -p .lab && exec python -m lab --ready .lab/ready.json --state .lab/state

bench: setup ## Measure what the README states, as ratios in one run
	@for bench in bench/bench_*.py; do python -m $$(echo $$bench | tr / . | sed s/.py$$//) || exit 1; done

format: setup ## Write the one format
	@ruff format --quiet .

lock: setup ## Pin what pyproject.toml asks for (UPGRADE=--upgrade: in the newest versions)
	@pip-compile --quiet $(UPGRADE) --strip-extras --generate-hashes --allow-unsafe --extra dev \
		--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --output-file requirements.lock pyproject.toml

clean: ## Remove what checks and tests left behind
	@rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache .import_linter.log .benchmarks
