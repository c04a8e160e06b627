# Every target does its own set-up, from a fresh clone with nothing prepared: it finds a Python,
# makes $(VENV) and installs what it needs there, once, and again when the pins change.

VENV        := .venv
PYTHON      :=
BENCHMARKS  := $(addprefix benchmarks/,whole_chain.py chain_growth.py backends.py innovations.py log_gamma.py \
                recomputing.py)
bin         := $(VENV)/bin

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help install demo test check slow bench backtest docs clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' Makefile

install: $(VENV)/installed-base  ## install the package in .venv

demo: $(VENV)/installed-base  ## forecast the bundled figures
	$(bin)/mppbayes demo $(DEMO_ARGS)

test: $(VENV)/installed-dev  ## run the tests, without the slow ones
	$(bin)/pytest --numprocesses 2 --dist loadgroup $(TEST_ARGS)

check: $(VENV)/installed-dev  ## check style, types and import directions
	$(bin)/ruff check
	$(bin)/ruff format --check
	$(bin)/mypy
	$(bin)/lint-imports --no-logo

slow: $(VENV)/installed-dev  ## run the long statistical checks
	$(bin)/pytest -m slow $(TEST_ARGS)

bench: $(VENV)/installed-numpyro  ## run the benchmarks: time and memory
	@set -e; for script in $(BENCHMARKS); do echo "$$script"; $(bin)/python $$script; done

backtest: $(VENV)/installed-baselines  ## score past forecasts against simple ones (half an hour or more)
	$(bin)/python benchmarks/backtest.py

docs: $(VENV)/installed-docs  ## build the documentation, examples executed, in docs/_build
	rm -rf docs/_build docs/generated
	$(bin)/sphinx-build -W -q docs docs/_build
	@echo "Open docs/_build/index.html"

clean:  ## remove .venv and all that was built
	rm -rf $(VENV) docs/_build docs/generated dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

# An environment without pip is made in no time, so it is there whole or not at all; pip follows
# with the package.
$(bin)/python:
	@python=$$(PYTHON='$(PYTHON)' tools/find-python) && "$$python" -m venv --clear --without-pip $(VENV)

# installed-EXTRAS says that the package stands there with these extras. Sets of extras add up.
$(VENV)/installed-%: pyproject.toml constraints.txt $(bin)/python
	@echo "Installing mppbayes ($*) in $(VENV); the first time this takes some minutes"
	@$(bin)/python -m ensurepip --default-pip >/dev/null
	@$(bin)/python -m pip install --quiet --constraint constraints.txt --editable '.$(patsubst %,[%],$(filter-out base,$*))'
	@touch $@
