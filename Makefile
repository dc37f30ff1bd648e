# The front door of Convene. It presupposes Python 3.11 or newer, make, and a package registry.
#
#   make run       install what is missing, start everything, load the demonstration, serve
#   make test      the same with the test tools (and Chromium), then every check and test
#
# `make help` lists the rest. HOST and PORT change where `make run` serves.

SHELL := /bin/sh
.DEFAULT_GOAL := help

HOST ?= 127.0.0.1
PORT ?= 8000
CORES ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 2)

VENV := .venv
BIN := $(VENV)/bin
# What is installed is remembered by marks, so that a second start does not ask again.
FOR_RUN := $(VENV)/.for-run
FOR_TEST := $(VENV)/.for-test
FOR_BENCH := $(VENV)/.for-bench
LOCALES := web/locales

# The first interpreter that is new enough; those with ready-made wheels for everything come first.
FIND_PYTHON = for python in $(PYTHON) python3.11 python3.12 python3.13 python3 python3.14; do \
	  if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; \
	  then break; fi; python=; done; \
	if [ -z "$$python" ]; then \
	  echo "Convene needs Python 3.11 or newer (on Debian: apt-get install python3 python3-venv)." >&2; \
	  exit 1; fi
FIND_UV = uv=$$(command -v uv || echo $(BIN)/uv)
FIND_CHROMIUM = chromium=; for name in $(CHROMIUM) chromium chromium-browser google-chrome; do \
	  if command -v "$$name" >/dev/null 2>&1; then chromium=$$(command -v "$$name"); break; fi; done

.PHONY: help run test lint format types tests bench messages chromium clean

help: ## Say what can be made
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 18

run: $(FOR_RUN) ## Start everything with the demonstration registry on http://127.0.0.1:8000
	@exec $(BIN)/convene serve --demo --host $(HOST) --port $(PORT)

test: $(FOR_TEST) chromium lint types tests ## Run every check and every test

lint: $(FOR_TEST) ## Check style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(FOR_TEST) ## Check types (strict in registry/ and search/)
	$(BIN)/mypy

# The journeys run by themselves: an open browser holds the event loop of its worker, and what they
# look at should not be slowed down by other tests. Those of one file follow each other; single
# pages go to whichever worker is free.
tests: $(FOR_TEST) ## Run the tests alone, on all cores
	$(BIN)/pytest -n $(CORES) --dist worksteal --ignore=tests/journeys
	@$(FIND_CHROMIUM); CHROMIUM="$$chromium" $(BIN)/pytest -n $(CORES) --dist loadgroup tests/journeys

format: $(FOR_TEST) ## Put the code into its format and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(FOR_BENCH) ## Measure pages, warning and import, and overlaps beside other ways to find them
	$(BIN)/python -m tests.benchmarks.pages
	$(BIN)/python -m tests.benchmarks.overlap_quality --half testing

messages: $(FOR_TEST) ## Collect the interface texts and bring the translations up to date
	@found=$$(mktemp) && trap 'rm -f "$$found"' EXIT && \
	$(BIN)/pybabel extract -F pyproject.toml -k message -k sentence \
	  --sort-output --no-wrap --no-location --project Convene --version 1 \
	  -o "$$found" web registry search && \
	for language in fr es; do \
	  $(BIN)/pybabel update -i "$$found" -o $(LOCALES)/$$language/convene.po -l $$language \
	    --init-missing --no-fuzzy-matching --ignore-obsolete --no-wrap || exit 1; \
	done

clean: ## Remove what was installed and built here (the registry's data stays)
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis

# A virtual environment with uv in it, unless the machine has a uv.
$(BIN)/python:
	@$(FIND_PYTHON); \
	if command -v uv >/dev/null 2>&1; then uv venv --quiet --allow-existing --python "$$python" $(VENV); \
	elif "$$python" -c 'import ensurepip' >/dev/null 2>&1; then "$$python" -m venv $(VENV); \
	else echo "Python's venv module is missing (on Debian: apt-get install python3-venv)." >&2; exit 1; fi

# `uv sync` takes the exact versions of uv.lock. Where the addresses in it can't be reached, the
# same versions are taken from the registry that pip is set up for.
define INSTALL
@pip="$(BIN)/python -m pip --disable-pip-version-check"; \
need_pip() { $$pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null; }; \
if ! command -v uv >/dev/null 2>&1 && [ ! -x $(BIN)/uv ]; then \
	need_pip && $$pip install --quiet uv || exit 1; fi; \
$(FIND_UV); UV_PROJECT_ENVIRONMENT=$(VENV) "$$uv" sync --frozen --inexact $(1) || { \
	echo "Taking the packages from the registry that pip is set up for instead." >&2; \
	"$$uv" export --quiet --frozen --no-hashes $(1) --output-file $(VENV)/requirements.txt && \
	need_pip && $$pip install -r $(VENV)/requirements.txt; }
endef

$(FOR_RUN): $(BIN)/python pyproject.toml uv.lock
	$(call INSTALL,--no-dev)
	@touch $@

$(FOR_TEST): $(BIN)/python pyproject.toml uv.lock
	$(call INSTALL,)
	@touch $@ $(FOR_RUN)

$(FOR_BENCH): $(BIN)/python pyproject.toml uv.lock
	$(call INSTALL,--group bench)
	@touch $@ $(FOR_TEST) $(FOR_RUN)

chromium: # the browser journeys drive the Chromium of the machine
	@$(FIND_CHROMIUM); \
	if [ -n "$$chromium" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ]; then as_root=env; else as_root="sudo -n"; fi; \
	if command -v apt-get >/dev/null 2>&1 && $$as_root true >/dev/null 2>&1; then \
	  echo "Installing Chromium for the browser tests ..." >&2; \
	  $$as_root apt-get update -qq >/dev/null; \
	  $$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; fi; \
	$(FIND_CHROMIUM); \
	if [ -z "$$chromium" ]; then \
	  echo "The browser tests need Chromium: install it (Debian: apt-get install chromium) or set CHROMIUM to its path." >&2; \
	  exit 1; fi
