# Two commands matter: `make demo` and `make test`. Both make .venv themselves.
#
#   make test PYTEST="tests/engine -k revert"     a part of the tests
#   make demo PORT=8000                           another port
#   make demo PYTHON=python3.13                   another interpreter, when .venv is made

PYTHON ?= python3
PORT   ?= 5000
PYTEST ?=
SECONDS ?= 10
OLDEST := sqlalchemy==2.0.30 flask~=3.0.0 werkzeug~=3.0.0 flask-sqlalchemy~=3.1.0 flask-login~=0.6.3 alembic~=1.13.0

VENV := .venv
BIN  := $(VENV)/bin
UV   := $(shell command -v uv 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help demo test torture bench bench-quick oldest lint types pictures words contract format clean
# An installation that broke off leaves no stamp.
.DELETE_ON_ERROR:

help:
	@echo 'make demo     the example application on http://127.0.0.1:$(PORT)'
	@echo 'make test     every check: lint, types, imports, tests'
	@echo 'make torture  programs, faults and writers at once, for some minutes; SECONDS=30 each of them'
	@echo 'make bench    what history costs, beside the peers; makes docs/performance (an hour)'
	@echo 'make bench-quick  the same in some minutes, printed only'
	@echo 'make oldest   the tests with the oldest releases of what is required'
	@echo 'make lint     ruff and import-linter'
	@echo 'make types    mypy and pyright'
	@echo 'make pictures take the pictures in docs/images anew'
	@echo 'make contract write docs/template-contract.md anew'
	@echo 'make words    bring the catalogues of translations up to what code and templates say'
	@echo 'make format   let ruff format and mend the code'
	@echo 'make clean    remove .venv and what tools leave behind'

demo: $(VENV)/.demo
	@echo
	@echo '  The newsroom     http://127.0.0.1:$(PORT)/         log in with one click, edit an article'
	@echo '  Its history      http://127.0.0.1:$(PORT)/history  as an editor to look, as a chief to revert'
	@echo '  Stop it          Ctrl+C'
	@echo
	@$(BIN)/python -m flask --app example_app run --host 127.0.0.1 --port $(PORT)

test: lint types
	$(BIN)/python -m pytest -n auto --maxprocesses 4 $(PYTEST)

# The same tests as in the suite, for longer; -s shows what the writers have fought about.
torture: $(VENV)/.test
	CONTINUUM_TEST_TORTURE=$(SECONDS) CONTINUUM_TEST_PROGRAMS=10 CONTINUUM_TEST_TRANSACTIONS=50000 $(BIN)/python -m pytest -s tests/torture tests/property tests/faults $(PYTEST)

# Contenders from PyPI get environments of their own below .benchmarks.
bench: $(VENV)/.test
	$(BIN)/python -m benchmarks --out docs/performance

bench-quick: $(VENV)/.test
	$(BIN)/python -m benchmarks --quick --repeats 3 --out .benchmarks/quick

# An environment of its own, with the series that pyproject.toml names as the oldest.
oldest:
	$(MAKE) VENV=.venv-oldest CONSTRAIN="$(OLDEST)" .venv-oldest/.test
	.venv-oldest/bin/python -m pytest $(PYTEST)

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/.test
	$(BIN)/mypy
	$(BIN)/basedpyright

format: $(VENV)/.test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

pictures: $(VENV)/.test
	CONTINUUM_TEST_PICTURES=docs/images $(BIN)/python -m pytest tests/browser/test_story.py -k "pages_of_the_demo and 1280-light"

words: $(VENV)/.test
	$(BIN)/python -m tests.support.catalogues

contract: $(VENV)/.test
	$(BIN)/python -m tests.support.template_contract

clean:
	rm -rf $(VENV) .venv-oldest .benchmarks dist test-artifacts .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What each stamp stands for is installed; pyproject.toml newer than a stamp installs again.
$(VENV)/.demo: pyproject.toml | $(BIN)/python
	$(call install,--editable . --group demo)
	@touch $@

$(VENV)/.test: pyproject.toml | $(BIN)/python
	$(call install,--editable . --group test --group lint $(CONSTRAIN))
	@touch $@

# `pip install --group` came with pip 25.1.
ifdef UV
install = $(UV) pip install --quiet --python $(BIN)/python $(1)
else
install = $(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1' && $(BIN)/python -m pip install --quiet $(1)
endif

# Debian's python3 has no ensurepip (it is in python3-venv), but where pip is at hand it can put
# itself into an environment made without it.
$(BIN)/python:
	@command -v '$(PYTHON)' >/dev/null || { echo 'make: $(PYTHON) is not installed; say PYTHON=... for another' >&2; exit 1; }
	@'$(PYTHON)' -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo 'make: Python 3.11 or newer is needed, $(PYTHON) is older; say PYTHON=... for another' >&2; exit 1; }
ifdef UV
	$(UV) venv --quiet --seed --clear --python '$(PYTHON)' $(VENV)
else
	@if '$(PYTHON)' -c 'import ensurepip' 2>/dev/null; then \
	    '$(PYTHON)' -m venv --clear $(VENV); \
	elif '$(PYTHON)' -c 'import pip, venv' 2>/dev/null; then \
	    '$(PYTHON)' -m venv --clear --without-pip $(VENV) && '$(PYTHON)' -m pip --python $@ install --quiet pip; \
	else \
	    echo 'make: $(PYTHON) cannot make a virtual environment: it lacks ensurepip, and pip too.' >&2; \
	    echo '      On Debian and Ubuntu: apt-get install python3-venv.  Or install uv.' >&2; false; \
	fi || { rm -rf $(VENV); exit 1; }
endif
