# `make demo` and `make test` are the two commands; each installs what it needs, once.
# The only prerequisite is a python3 with venv and access to a package registry.

VENV   := .venv
PYTHON := $(VENV)/bin/python
UV     := .tools/bin/uv
READY  := $(VENV)/.ready

.PHONY: demo test lint types install lock clean

demo: $(READY)
	$(VENV)/bin/neurodeploy demo

test: lint types
	$(PYTHON) -m pytest

lint: $(READY)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

types: $(READY)
	$(VENV)/bin/mypy

install: $(READY)

$(READY): $(UV) requirements.lock pyproject.toml
	test -x $(PYTHON) || $(UV) venv --quiet --python 3.10 $(VENV)
	$(UV) pip sync --quiet --python $(PYTHON) requirements.lock
	$(UV) pip install --quiet --python $(PYTHON) --no-deps --no-build-isolation -e .
	$(PYTHON) -c "import neurodeploy.engines.native"  # compiles the kernels into numba's cache
	touch $@

$(UV):
	python3 -m venv .tools
	.tools/bin/python -m pip install --quiet --disable-pip-version-check uv

lock: $(UV)
	$(UV) pip compile --quiet --python-version 3.10 --extra dev --no-emit-index-url --no-emit-find-links pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) .tools
