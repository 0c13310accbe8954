# `make demo` and `make test` are the two commands; each installs what it needs, once.
# The only prerequisite is a python3 with venv and access to a package registry.
# The newest Python here that neurodeploy supports runs them, in .venv; `PYTHON_VERSION=3.11` has an
# environment of its own, and `make test-all` tests with every Python that is here.
# `make benchmark` measures, with peers to compare to in an environment of its own; there,
# `make outside` holds our counts against NeuroBench's and SANA-FE's, and what we make of NIR graphs
# against the tools that wrote them.

SUPPORTED := 3.13 3.12 3.11 3.10
FOUND     := $(shell for v in $(SUPPORTED); do python$$v -c "" 2>/dev/null && echo $$v; done)

ifdef PYTHON_VERSION
VENV      := .venv-$(PYTHON_VERSION)
else
PYTHON_VERSION := $(firstword $(FOUND) $(SUPPORTED))
VENV      := .venv
endif
BENCHMARK := .venv-benchmark
DOCS      := .venv-docs
PYTHON    := $(VENV)/bin/python
UV        := .tools/bin/uv
READY     := $(VENV)/.ready

# Without bytecode every process compiles PyTorch's sources, and ours, again: `import torch` takes
# twice as long. What is written lies in the environment and in __pycache__, and is ignored by git.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test test-all kernels benchmark campaign outside docs lint types install lock clean

demo: $(READY)
	$(VENV)/bin/neurodeploy demo

test: lint types
	$(PYTHON) -m pytest -n auto --dist loadfile

test-all:
	@for v in $(FOUND); do echo "== Python $$v"; $(MAKE) test PYTHON_VERSION=$$v || exit 1; done

benchmark: $(BENCHMARK)/.ready
	@for name in startup training_step native_engine peers pilotnet limit extension counts memory; do \
		echo "== $$name"; $(BENCHMARK)/bin/python benchmarks/$$name.py || exit 1; \
	done

# Hours; what is finished is kept in runs/campaign, and the next call goes on.
campaign: $(READY)
	$(PYTHON) campaign/run.py
	$(PYTHON) campaign/damage.py
	$(PYTHON) campaign/kills.py
	$(PYTHON) campaign/openings.py

outside: $(BENCHMARK)/.ready
	$(BENCHMARK)/bin/python -m pytest tests/cost/test_neurobench.py tests/train/test_sanafe.py tests/adopt/nir/test_nir_tools.py tests/signals/sources/test_source_vendors.py

# Plain loops with bounds checks, and code without AVX, take minutes to compile, so they are no
# part of `make test`.
kernels: $(READY)
	$(PYTHON) tests/engines/native/digests.py > .kernels.json
	NEURODEPLOY_KERNELS=plain NEURODEPLOY_BOUNDSCHECK=1 $(PYTHON) tests/engines/native/digests.py \
		| cmp - .kernels.json
	NUMBA_CPU_NAME=generic $(PYTHON) tests/engines/native/digests.py | cmp - .kernels.json
	rm .kernels.json

lint: $(READY)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

types: $(READY)
	$(VENV)/bin/mypy

install: $(READY)

$(READY): requirements.lock
$(BENCHMARK)/.ready: requirements-benchmark.lock
$(DOCS)/.ready: requirements-docs.lock

$(READY) $(BENCHMARK)/.ready $(DOCS)/.ready: $(UV) pyproject.toml
	test "$$($(@D)/bin/python -V 2>&1 | cut -d. -f-2)" = "Python $(PYTHON_VERSION)" \
		|| $(UV) venv --quiet --clear --python $(PYTHON_VERSION) $(@D)
	$(UV) pip sync --quiet --python $(@D)/bin/python $(filter %.lock,$^)
	$(UV) pip install --quiet --python $(@D)/bin/python --no-deps --no-build-isolation -e .
	$(@D)/bin/python -c "from neurodeploy.engines.native.loading import kernel; kernel()"
	touch $@

$(UV):
	python3 -m venv .tools
	.tools/bin/python -m pip install --quiet --disable-pip-version-check uv

help:
	@echo "make demo        install, then train, export, run and report on real MNIST digits"
	@echo "make test        lint, types and tests"
	@echo "make install     what is needed into $(VENV), and the compiled kernels"
	@echo "make test-all    make test with every Python that is here"
	@echo "make docs        the documentation as a site, in site/"
	@echo "make lint types  each alone"
	@echo "make kernels     the native engine's other kernels against the default ones"
	@echo "make benchmark   speed beside peers, in an environment of its own"
	@echo "make outside     our counts against NeuroBench and SANA-FE, NIR graphs against the tools that wrote them"
	@echo "make campaign    hostile files, damage, kills, by the hundred thousand; resumable"
	@echo "make lock        resolve the locked dependencies anew"
	@echo "make clean       take the environments away"

LOCK := pip compile --quiet --universal --python-version 3.10 --no-emit-index-url --no-emit-find-links

# Strict: a link or a name that is not there fails. The site is in site/, and searches offline. Its
# gallery is made of networks that are trained once, in runs/gallery.
docs: $(DOCS)/.ready
	NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/mkdocs build --quiet

lock: $(UV)
	$(UV) $(LOCK) --extra dev pyproject.toml -o requirements.lock
	$(UV) $(LOCK) --extra dev --extra benchmark -c requirements.lock pyproject.toml -o requirements-benchmark.lock
	$(UV) $(LOCK) --extra dev --extra docs -c requirements.lock pyproject.toml -o requirements-docs.lock

clean:
	rm -rf .venv .venv-* .tools
