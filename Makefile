# Two commands do all the set-up: `make demo` and `make test`. A second run finds the stamps and sets nothing up.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:

VENV := .venv
PYTHON_IN_VENV := $(VENV)/bin/python
# --no-deps: a lock names every package, so nothing is resolved. --no-compile: Python compiles what is imported, on first use.
PIP_INSTALL := $(PYTHON_IN_VENV) -m pip install --quiet --disable-pip-version-check --no-input --no-deps --no-compile
LOCKED := --require-hashes --only-binary :all:
COMPILE := $(VENV)/bin/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-emit-index-url --no-header
# Where the environment says otherwise, every process a test or the demo starts would compile pandas and the rest again: two
# seconds each.
export PYTHONDONTWRITEBYTECODE :=
# What may be given: make demo RECORD=path KAFKA=1 PORT=8080
DEMO_ARGUMENTS := $(if $(RECORD),--record "$(RECORD)") $(if $(filter-out 0,$(KAFKA)),--kafka) $(if $(PORT),--port "$(PORT)")

# Processes of a whole run of the tests, which wait for one another half of the time: each has a database server and a
# broker of its own. Files in the order of their names: the longest tests are in the middle, not at the end.
JOBS ?= 3

.PHONY: help demo test lint format lock bench clean packages check unit-tests

help: ## What can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/.demo $(VENV)/.project $(VENV)/.compiled ## The main job on this machine [RECORD=path] [KAFKA=1] [PORT=n]
	@$(PYTHON_IN_VENV) -m rhythmark demo $(DEMO_ARGUMENTS)

test: packages check unit-tests ## Lint, types, import rules and every test
	@echo "make test: formatting, lint, types, import rules and tests passed"

lint: check ## Formatting, lint, types, import rules; changes nothing

check: $(VENV)/.development $(VENV)/.project
	$(VENV)/bin/ruff format --check --quiet .
	$(VENV)/bin/ruff check --quiet .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

unit-tests: $(VENV)/.development $(VENV)/.project $(VENV)/.compiled
	$(PYTHON_IN_VENV) -m pytest $(if $(TESTS),$(TESTS),--numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder)

format: $(VENV)/.development ## Format, and mend what ruff can mend
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

bench: $(VENV)/.development $(VENV)/.project ## Benchmarks as JSON lines [NAME="one two"]
	@$(PYTHON_IN_VENV) -m benchmarks $(NAME)

lock: $(VENV)/.development ## Compile the lock files from pyproject.toml [UPGRADE=1]
	$(COMPILE) $(if $(UPGRADE),--upgrade) --extra demo --group dev pyproject.toml -o requirements.lock
	$(COMPILE) --extra demo --extra parquet --group build -c requirements.lock pyproject.toml -o requirements-demo.lock
	$(COMPILE) --extra parquet --group build -c requirements.lock pyproject.toml -o docker/requirements.lock

clean: ## Remove the environment, the caches and the demo's database
	rm -rf $(VENV) .rhythmark .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

packages:
	@.ci/system-packages

$(PYTHON_IN_VENV):
	@.ci/make-environment $(VENV)

# The development lock holds the demo's packages too.
$(VENV)/.demo: requirements-demo.lock | $(PYTHON_IN_VENV)
	@if $(MAKE) --question $(VENV)/.development; then :; else \
	    echo "Installing the packages of requirements-demo.lock into $(VENV) (first time: about half a minute) ..."; \
	    $(PIP_INSTALL) $(LOCKED) -r requirements-demo.lock; fi
	@touch $@

$(VENV)/.development: requirements.lock | $(PYTHON_IN_VENV)
	@echo "Installing the packages of requirements.lock into $(VENV) (first time: about a minute) ..."
	@$(PIP_INSTALL) $(LOCKED) -r requirements.lock
	@touch $@

# The build backend is locked as well and already there, hence no isolated build and nothing fetched.
$(VENV)/.project: pyproject.toml | $(PYTHON_IN_VENV)
	@test -e $(VENV)/.development || test -e $(VENV)/.demo || $(MAKE) --no-print-directory $(VENV)/.demo
	@$(PIP_INSTALL) --no-build-isolation --editable .
	@touch $@

# Otherwise the first recording would wait for it.
$(VENV)/.compiled: $(shell find detectors signal_processing -name '*.py') | $(VENV)/.project
	@echo "Compiling the detectors (first time: about half a minute) ..."
	@$(PYTHON_IN_VENV) -m detectors.warm_up
	@touch $@
