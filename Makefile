# make run    install what is missing, build the front end and start the studio
# make test   the whole suite
# make lock   resolve requirements.in and requirements-dev.in again
#
# OFFICINA_PYTHON names the interpreter for a new .venv (3.11 or newer).
# OFFICINA_EXTRAS=1 also installs what text, recommender, ONNX, S3, Azure storage and Dask need.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.PHONY: run install build test lint lock clean

OFFICINA_PYTHON ?= python3
LOCK := $(if $(OFFICINA_EXTRAS),requirements-extras.txt,requirements.txt)
BIN := .venv/bin
# The environment's own Node comes first: the machine may have an older one, or none.
NODE := PATH="$(CURDIR)/$(BIN):$$PATH"
FRONT := $(shell find static/src static/img -type f 2>/dev/null) $(wildcard static/*.ts static/*.json)
# Many tests wait for processes, on a machine that others may keep busy: each has two more tries, and is listed then.
PYTEST_ARGS ?= -n 2 --dist loadfile --reruns 2

run: install build
	@exec $(BIN)/python manage.py up

install: .venv/.installed
build: static/dist/.built

.venv/.uv:
	@$(OFFICINA_PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Officina needs Python 3.11 or newer; $(OFFICINA_PYTHON) is %d.%d. Set OFFICINA_PYTHON." % sys.version_info[:2])'
	@$(OFFICINA_PYTHON) -m venv .venv || { echo "python3 -m venv failed: on Debian, apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes --no-deps \
		-r <(sed -n '/^uv==/,/[^\\]$$/p' requirements.txt)
	@touch $@

# sync removes what is not listed, so the environment of the tests is only ever added to.
.venv/.installed: .venv/.uv $(if $(OFFICINA_EXTRAS),.venv/.extras) requirements.txt pyproject.toml
	@if [ -e .venv/.dev ] || [ -e .venv/.extras ]; then \
		$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r $(LOCK); \
	else \
		$(BIN)/uv pip sync -q --python $(BIN)/python --require-hashes $(LOCK); \
	fi
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps -e .
	@$(BIN)/python -m compileall -q -j 0 $(BIN)/../lib officina studio registry designer || true
	@touch $@

.venv/.extras: .venv/.uv requirements-extras.txt
	@touch $@

.venv/.dev: .venv/.uv requirements-dev.txt pyproject.toml
	@$(BIN)/uv pip sync -q --python $(BIN)/python --require-hashes requirements-dev.txt
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps -e .
	@$(BIN)/python -m compileall -q -j 0 $(BIN)/../lib officina studio registry designer || true
	@touch $@ .venv/.installed

static/node_modules/.installed: static/package-lock.json static/package.json | .venv/.installed
	@cd static && PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --no-audit --no-fund --ignore-scripts --loglevel=error
	@touch $@

static/dist/.built: static/node_modules/.installed $(FRONT)
	@cd static && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent build -- --logLevel warn
	@touch $@

lint: .venv/.dev build
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	OFFICINA_HOME="$$(mktemp -d)" OFFICINA_PUBLIC_URL=https://studio.example $(BIN)/python manage.py check --deploy --fail-level WARNING
	OFFICINA_HOME="$$(mktemp -d)" $(BIN)/python manage.py makemigrations --check --dry-run

# The browser's driver keeps an event loop in its process, which the other tests must not meet.
test: .venv/.dev build browser
	@$(MAKE) --no-print-directory --output-sync=target -j 2 lint front
	$(BIN)/python -m pytest $(PYTEST_ARGS) -m browser
	$(BIN)/python -m pytest $(PYTEST_ARGS) -m "not browser"

.PHONY: browser front
front: build
	cd static && $(NODE) npm run --silent check && $(NODE) npm test --silent

browser:
	@if ! command -v chromium >/dev/null; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y chromium >/dev/null; \
		else \
			echo "The browser tests need Chromium: apt-get install chromium (as root)."; exit 1; \
		fi; \
	fi

lock: .venv/.uv
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url requirements.in -o requirements.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url requirements-extras.in -o requirements-extras.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url requirements-dev.in -o requirements-dev.txt

clean:
	rm -rf .venv static/node_modules static/dist staticfiles
