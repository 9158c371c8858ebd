# Everything below goes into .venv, made with plain `python3 -m venv` and pip. `make` alone lists the targets.
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
EXTRAS := author,celery,otel,peppol,test,bench,dev
# More than cores, since much is waiting for.
WORKERS ?= 3
ARGS ?=
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c '$(NEW_ENOUGH)' 2>/dev/null && { echo $$p; break; }; done)

NODE := $(shell node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null && echo yes)
PAGE := frontend/dist/index.html
PACKAGES := frontend/node_modules/.installed
TYPES := frontend/src/api/schema.d.ts
NO_NODE := Node 20 or newer is not here, so the web page is not built or checked. Everything else works without it.

.DEFAULT_GOAL := help
.PHONY: help install demo frontend page openapi screenshots test test-unit test-page test-odoo test-large docs release chaos soak simulate bench bench-full lint audit format clean

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

install: $(STAMP) ## Set up .venv (the other targets do it by themselves)

demo: $(STAMP) page ## Watch orders travel to a small ERP and back; ARGS="--once --orders FILE"
	@$(BIN)/orderflow demo $(ARGS)

frontend: $(PAGE) ## Build the web page into frontend/dist; needs Node 20

openapi: $(STAMP) ## Bring frontend/openapi.json up to date with the API
	$(BIN)/python scripts/write_openapi.py

screenshots: $(STAMP) $(PAGE) ## Take the README's pictures of the page anew; needs Chromium
	$(BIN)/python scripts/take_screenshots.py

# The page where it can be built; nothing but the page depends on it.
page:
ifeq ($(NODE),yes)
	@$(MAKE) --no-print-directory $(PAGE) || echo "The web page could not be built, see above; the rest works without it."
else
	@echo "$(NO_NODE)"
endif

test: $(STAMP) page test-page ## Run all tests; installs the servers they need; ARGS="-k acks"
	@scripts/install-test-services
	@scripts/install-as2-peer
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup $(ARGS)

test-unit: $(STAMP) ## Run the tests that need no server, in seconds
	$(BIN)/pytest tests/unit $(ARGS)

# What the page computes; tests/acceptance/test_page.py looks at it in a browser.
test-page:
ifeq ($(NODE),yes)
	@$(MAKE) --no-print-directory $(TYPES)
	cd frontend && npm run --silent test
endif

test-odoo: $(STAMP) ## Run the tests against a real Odoo 19, which a Debian fetches (123 MB, once)
	$(BIN)/pytest -m odoo $(ARGS)

test-large: $(STAMP) ## Run in full what `make test` runs in small: 5,000 orders on Celery, a queue of 50,000, every fault of the protocol
	@scripts/install-test-services
	@scripts/install-promtool
	@scripts/install-as2-peer
	@scripts/install-helm
	$(BIN)/pytest -m "large and not odoo" $(ARGS)

docs: $(VENV)/.docs ## Build the docs as a site into build/docs, with search and the Python reference
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --clean

release: $(STAMP) $(PAGE) docs ## Build what is released into dist: sdist, wheel with page and docs, list of components (SBOM)
	@scripts/release

chaos: $(STAMP) ## Break everything while 20,000 orders travel, and count them; ARGS="--orders 2000 --faults 40"
	$(BIN)/python -m tests.chaos $(ARGS)

soak: $(STAMP) ## Work for an hour while things break, and tell what grows; ARGS="--minutes 10"
	@scripts/install-test-services
	$(BIN)/python -m tests.soak $(ARGS)

simulate: $(STAMP) ## Play histories of everything that may go wrong, by the thousands; ARGS="--histories 1000000", or "--hours 24"
	$(BIN)/python -m orderflow.testing.simulation $(ARGS)

bench: $(STAMP) ## Measure ourselves beside our peers, in minutes; ARGS="--only delivery"
	@scripts/install-bench-services
	@scripts/install-as2-peer || echo "Its row is left out." >&2
	$(BIN)/python -m benchmarks $(ARGS)

bench-full: $(STAMP) ## The same with larger numbers: 10 million exports, 100,000 files
	@scripts/install-bench-services
	@scripts/install-as2-peer || echo "Its row is left out." >&2
	$(BIN)/python -m benchmarks --full $(ARGS)

lint: $(STAMP) ## Check style, formatting, types, imports, that packages fit, and the containers' files
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pip check
	$(BIN)/python scripts/write_openapi.py --check
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec compose.yaml
	test ! -x $(BIN)/hadolint || $(BIN)/hadolint Dockerfile
ifeq ($(NODE),yes)
	@$(MAKE) --no-print-directory $(TYPES)
	cd frontend && npm run --silent typecheck && npm run --silent lint && npm run --silent format:check
else
	@echo "$(NO_NODE)"
endif

audit: $(STAMP) ## Look up known vulnerabilities of every pinned package; needs the internet
	@test -x $(VENV)/audit/bin/pip-audit || { $(BIN)/python -m venv $(VENV)/audit && \
		$(VENV)/audit/bin/python -m pip install --quiet pip-audit; }
	$(VENV)/audit/bin/pip-audit --strict --no-deps --disable-pip --requirement constraints.txt
	cd frontend && npm audit --package-lock-only --omit=dev

format: $(STAMP) ## Put the code into the one format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
ifeq ($(NODE),yes)
	@$(MAKE) --no-print-directory $(PACKAGES)
	cd frontend && npm run --silent format
else
	@echo "$(NO_NODE)"
endif

clean: ## Remove .venv and every cache
	rm -rf $(VENV) frontend/node_modules frontend/dist $(TYPES) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

# A .venv that is there already is used and brought up to date, never made anew.
$(STAMP): pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing into $(VENV) ..."
	@PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip install --quiet --editable ".[$(EXTRAS)]"
	@touch $@

$(VENV)/.docs: $(STAMP)
	@PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip install --quiet --editable ".[docs]"
	@touch $@

$(PACKAGES): frontend/package.json frontend/package-lock.json
	cd frontend && npm install --silent --no-save # not ci: it refuses a lock file without addresses of a registry
	@touch $@

$(TYPES): frontend/openapi.json $(PACKAGES)
	cd frontend && npm run --silent types

$(PAGE): $(TYPES) frontend/index.html frontend/vite.config.ts $(shell find frontend/src frontend/public -type f ! -name schema.d.ts)
	cd frontend && npm run --silent build

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "OrderFlow Connect needs Python 3.11 or newer; found: $$(python3 --version 2>&1)." \
		"Install one, or name it: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@$(PYTHON) -c '$(NEW_ENOUGH)' || { echo "$(PYTHON) is older than Python 3.11." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Python's venv module is missing: apt install python3-venv" >&2; exit 1; }
