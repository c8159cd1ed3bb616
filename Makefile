# Everything a contributor runs. Needs Python 3.11 or newer, git, make and a package index; nothing else.
# Written for GNU make 3.81, which macOS ships.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup test check format demo bench clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

setup: $(READY)  ## make .venv with foveal and what its tests and checks need

test: $(READY)  ## run every test
	$(BIN)/python -m pytest

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
	rm -rf $(VENV) dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

# Made again when pyproject.toml changes. A .venv that still runs is kept. `import ensurepip` fails where the system
# ships Python without the part that venv needs (Debian's python3-venv); PYTHON=... puts another one first.
$(READY): pyproject.toml
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    for python in $(PYTHON) python3.13 python3.12 python3.11 python3; do \
	        "$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	        echo "making $(VENV) with $$python"; \
	        "$$python" -m venv --clear $(VENV) && exit 0; \
	    done; \
	    echo "expected Python 3.11 or newer that can make a virtual environment, got none:" >&2; \
	    echo "install python3 and its venv module, or name one: make setup PYTHON=/path/to/python3" >&2; \
	    exit 1; \
	}
	$(BIN)/python -m pip install --quiet --no-input --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --no-input --editable . --group test --group check
	@touch $(READY)
