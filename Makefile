# `make demo` and `make test` do all the set-up themselves, on a fresh Debian with Python 3.11 or newer.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.acuse-installed

.PHONY: setup demo test lint lock letters corpora faults soak attacks fuzz audit

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Acuse needs Python 3.11 or newer (PYTHON=/path/to/python3 make ...)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "This Python has no venv module. On Debian: apt-get install python3-venv"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q daemon parsers rules
	@touch $@

demo: setup
	$(BIN)/acuse demo

test: setup
	@tests/servers.sh
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

lock:
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --extra dev -o requirements.lock pyproject.toml

corpora: setup
	$(BIN)/python -m tests.corpora $(FROM)

letters: setup
	$(BIN)/python -m tests.render_letters

faults: setup
	@tests/servers.sh
	$(BIN)/python -m tests.faults

soak: setup
	@tests/servers.sh
	$(BIN)/python -m tests.soak $(ARGS)

attacks: setup
	@tests/servers.sh
	$(BIN)/python -m tests.attacks
	$(BIN)/python -m tests.timing

# Finds stay in build/fuzz; ARGS: seconds, and another folder.
fuzz: setup
	@$(BIN)/python -c 'import atheris' 2>/dev/null || $(BIN)/python -m pip install --quiet --no-deps 'atheris>=3'
	$(BIN)/python -m tests.fuzz $(ARGS)

# Asks a list of known vulnerabilities over the network; fails where a package cannot be looked up.
audit: setup
	$(BIN)/uv tool run pip-audit --strict --disable-pip --require-hashes -r requirements.lock
