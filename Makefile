# Everything a contributor runs. Needs Python 3.11 or newer, git, make and a package index; nothing else.
# Written for GNU make 3.81, which macOS ships.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# PyTorch is an extra, so there are two environments: the whole suite but for the tests of training runs without it, as
# most people run foveal; the tests of training, and those that nothing loads PyTorch unasked, run where it is there.
TRAIN_VENV := .venv-train
TRAIN_BIN := $(TRAIN_VENV)/bin
TRAIN_READY := $(TRAIN_VENV)/.ready
TRAIN_TESTS := tests/unit/training tests/e2e/training
TRAIN_ALSO := tests/architecture/test_lazy_imports.py tests/architecture/test_tables.py tests/unit/explainers/test_explainer_contract.py

.DEFAULT_GOAL := help
.PHONY: help setup setup-train test test-lean test-train check format demo bench clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

setup: $(READY)  ## make .venv with foveal and what its tests and checks need

setup-train: $(TRAIN_READY)  ## make .venv-train, the same with PyTorch (several GB)

test: test-lean test-train  ## run every test

test-lean: $(READY)  ## run the tests of everything but training, without PyTorch
	$(BIN)/python -m pytest $(addprefix --ignore=,$(TRAIN_TESTS))

test-train: $(TRAIN_READY)  ## run the tests of training
	$(TRAIN_BIN)/python -m pytest $(TRAIN_TESTS) $(TRAIN_ALSO)

check: $(READY)  ## lint, formatting, types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(READY)  ## mend formatting and what the linter can mend
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

demo: $(READY)  ## run examples/demo.py
	$(BIN)/python examples/demo.py

bench:  ## list the benchmarks
	@for file in benchmarks/*.py; do \
	    test -f "$$file" || { echo "no benchmarks"; exit 0; }; \
	    grep -q __main__ "$$file" || continue; \
	    echo "  $(BIN)/python $$file"; \
	    sed -n '1s|^"""\([^"]*\).*|      \1|p' "$$file"; \
	done

clean:  ## remove .venv, caches and built packages
	rm -rf $(VENV) $(TRAIN_VENV) dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

# Made again when pyproject.toml changes. An environment that still runs is kept. `import ensurepip` fails where the system
# ships Python without the part that venv needs (Debian's python3-venv); PYTHON=... puts another one first.
define make_venv
	@$(1)/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    for python in $(PYTHON) python3.13 python3.12 python3.11 python3; do \
	        "$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	        echo "making $(1) with $$python"; \
	        "$$python" -m venv --clear $(1) && exit 0; \
	    done; \
	    echo "expected Python 3.11 or newer that can make a virtual environment, got none:" >&2; \
	    echo "install python3 and its venv module, or name one: make setup PYTHON=/path/to/python3" >&2; \
	    exit 1; \
	}
	$(1)/bin/python -m pip install --quiet --no-input --upgrade 'pip>=25.1'
endef

$(READY): pyproject.toml
	$(call make_venv,$(VENV))
	$(BIN)/python -m pip install --quiet --no-input --editable . --group test --group check
	@touch $(READY)

$(TRAIN_READY): pyproject.toml
	$(call make_venv,$(TRAIN_VENV))
	$(TRAIN_BIN)/python -m pip install --quiet --no-input --editable '.[train,tensorboard]' --group test
	@touch $(TRAIN_READY)
