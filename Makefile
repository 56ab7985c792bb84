# `make` lists the targets. They need Python 3.10 or later and make; everything else goes into .venv.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
LOCKED := dev
BIN = $(VENV)/bin
WORKERS ?= 2
# An Airflow other than the locked one, as major.minor: its newest patch, resolved when the environment is made.
AIRFLOW :=

# Bytecode is written once, at set-up: every task and every Airflow process starts faster for it.
unexport PYTHONDONTWRITEBYTECODE
unexport VIRTUAL_ENV
$(VENV)/ready: export UV_COMPILE_BYTECODE = 1

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "%-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --------------------------------------------------------------------------- set-up

$(VENV)/ready: requirements/$(LOCKED).txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or later is needed, $(PYTHON) is " + sys.version.split()[0] + "; write make PYTHON=…")'
	@if command -v uv >/dev/null && uv --version >/dev/null 2>&1; then \
	  uv venv --quiet --clear --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(VENV); uv=uv; \
	else \
	  $(PYTHON) -m venv --clear $(VENV) || { echo "Python's venv module is missing; on Debian: apt install python3-venv" >&2; exit 1; }; \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(sed -n 's/^\(uv==[^ ]*\).*/\1/p' requirements/run.txt)"; \
	  uv=$(BIN)/uv; \
	fi; \
	if [ -n "$(AIRFLOW)" ]; then \
	  $$uv pip install --quiet --python $(BIN)/python --no-config --group test --editable . \
	    'apache-airflow==$(AIRFLOW).*' $(addprefix --requirement ,$(wildcard requirements/airflow-$(AIRFLOW).in)); \
	else \
	  $$uv pip sync --quiet --python $(BIN)/python --require-hashes requirements/$(LOCKED).txt; \
	  $$uv pip install --quiet --python $(BIN)/python --no-deps --editable .; \
	fi
	@touch $@

.PHONY: setup
setup: $(VENV)/ready ## make .venv from the locked requirements; .venv/bin/kfp-airflow is the command

.PHONY: demo
demo: $(VENV)/ready ## run the digits pipeline on this machine, and show what came out
	$(BIN)/kfp-airflow run dags/digits/pipeline.py

# --------------------------------------------------------------------------- what CI asks

.PHONY: check
check: lint docs test ## all that is asked of a change: lint, docs, test

.PHONY: lint
lint: style types imports ## ruff, mypy and import-linter

.PHONY: style
style: $(VENV)/ready ## ruff: rules and format
	$(BIN)/ruff check
	$(BIN)/ruff format --check

.PHONY: types
types: $(VENV)/ready ## mypy, strict
	$(BIN)/mypy

.PHONY: imports
imports: $(VENV)/ready ## import-linter: the rooms and who may import whom
	$(BIN)/lint-imports --no-logo

.PHONY: test
test: $(VENV)/ready ## all tests that need no cluster
	$(BIN)/pytest -n $(WORKERS) --dist loadfile -m "not kubernetes"

.PHONY: docs
docs: $(VENV)/ready ## build the documentation into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

# --------------------------------------------------------------------------- the longer ones, each usable alone

.PHONY: test-kubernetes
test-kubernetes: $(VENV)/ready ## the tests on the cluster that KUBECONFIG names
	@[ -n "$${KUBECONFIG:-}" ] || { echo "KUBECONFIG names no cluster; with Docker: kind create cluster --config docker/kind.yaml" >&2; exit 2; }
	$(BIN)/pytest -n $(WORKERS) --dist loadfile -m kubernetes

.PHONY: test-s3
test-s3: $(VENV)/ready ## the tests on the S3 server that KFP_AIRFLOW_TEST_S3_ENDPOINT names
	@[ -n "$${KFP_AIRFLOW_TEST_S3_ENDPOINT:-}" ] || { echo "KFP_AIRFLOW_TEST_S3_ENDPOINT names no S3 server; see CONTRIBUTING.md" >&2; exit 2; }
	$(BIN)/pytest -n $(WORKERS) --dist loadfile -m s3

.PHONY: test-oldest
test-oldest: ## the tests on the oldest Airflow that is supported, locked, in .venv-oldest
	$(MAKE) test VENV=.venv-oldest LOCKED=oldest

.PHONY: test-airflow
test-airflow: ## the tests on the newest patch of an Airflow: VERSION=3.2, in .venv-airflow-3.2
	@[[ "$(VERSION)" =~ ^[0-9]+\.[0-9]+$$ ]] || { echo "which Airflow? Write: make test-airflow VERSION=3.2" >&2; exit 2; }
	$(MAKE) test VENV=.venv-airflow-$(VERSION) AIRFLOW=$(VERSION)

.PHONY: conformance
conformance: $(VENV)/ready ## compare with the real kfp 1.8.22
	$(BIN)/pytest -n $(WORKERS) --dist loadfile -m conformance

.PHONY: conformance-search
conformance-search: $(VENV)/ready ## compare EXAMPLES=2000 generated pipelines with the real kfp 1.8.22, others each time
	KFP_AIRFLOW_EXAMPLES=$(or $(EXAMPLES),2000) $(BIN)/pytest --timeout 0 tests/conformance/test_generated.py

.PHONY: flow-search
flow-search: $(VENV)/ready ## run EXAMPLES=500 generated pipelines on Airflow against the rules of KFP, others each time
	KFP_AIRFLOW_FLOW_EXAMPLES=$(or $(EXAMPLES),500) $(BIN)/pytest --timeout 0 tests/dag/test_generated.py

.PHONY: bench
bench: $(VENV)/ready ## measure, and write docs/benchmarks.md; with KUBECONFIG also the pods
	$(BIN)/python -m tests.benchmarks.bench

.PHONY: bench-long
bench-long: $(VENV)/ready ## measure runs of many tasks, and write docs/benchmarks-long.md; half an hour
	$(BIN)/python -m tests.benchmarks.bench --suite long

.PHONY: snapshots
snapshots: $(VENV)/ready ## write golden files and generated pages anew; read the difference before you commit it
	$(BIN)/python -m tests.docs.generate
	$(BIN)/pytest -n $(WORKERS) --dist loadfile -m "not kubernetes" --snapshots

.PHONY: format
format: $(VENV)/ready ## let ruff mend what it can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.PHONY: lock
lock: $(VENV)/ready ## resolve requirements/*.txt anew
	$(BIN)/uv pip compile pyproject.toml --output-file requirements/run.txt $(LOCK)
	$(BIN)/uv pip compile pyproject.toml --group dev --constraints requirements/run.txt --output-file requirements/dev.txt $(LOCK)
	$(BIN)/uv pip compile pyproject.toml requirements/oldest.in --no-config --group test --output-file requirements/oldest.txt $(LOCK)

# Without header, index and origin: the files say what is installed, not where somebody resolved it.
LOCK := --universal --python-version 3.10 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links >/dev/null

.PHONY: clean
clean: ## remove .venv and everything generated
	rm -rf .venv .venv-oldest .venv-airflow-* site .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist
	find kfp_airflow tests dags -name __pycache__ -type d -prune -exec rm -rf {} +
