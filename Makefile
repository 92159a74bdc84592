# `make` alone lists the verbs. Everything runs in .venv, which is made on first use.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHONUTF8 := 1
# One thread per process: two notebooks side by side gain more than threads inside one.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1

.DEFAULT_GOAL := help
.PHONY: help watch report status test slow faults lab check bench mutants lock refresh clean

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON="; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --no-build-isolation --no-deps --editable .
	@touch $@

watch: $(STAMP) ## read the feeds, file pages that speak of a handover, list what waits
	@$(BIN)/repatria watch $(ARGS)

report: $(STAMP) ## check the record, run the notebooks, publish reports/<as_of>/index.html (ARGS="--as-of 2025-06-12")
	$(BIN)/repatria report $(ARGS)

status: $(STAMP) ## say which release is the newest and how old the record is (ARGS="--max-age 60": exit 3 if older)
	@$(BIN)/repatria status $(ARGS)

test: $(STAMP) ## the whole suite: pytest with the docstrings' examples, and nbval
	$(BIN)/python -m pytest -q -n 2 --doctest-modules src tests
	$(BIN)/python -m pytest -q -p no:cacheprovider --nbval --nbval-cell-timeout 300 -n 2 --dist loadscope notebooks

slow: $(STAMP) ## tests that take minutes
	$(BIN)/python -m pytest -q -m slow tests

faults: $(STAMP) ## tests that kill, fill disks and run in hostile environments
	$(BIN)/python -m pytest -q -m faults tests

# A container's only user is often root, whom Jupyter refuses unless told.
ROOT_OK := $(if $(filter 0,$(shell id -u)),--allow-root)

lab: $(STAMP) ## open JupyterLab with the kernel ready (ARGS="--port 8899 --no-browser")
	$(BIN)/jupyter lab $(ROOT_OK) --ServerApp.root_dir="$(CURDIR)" $(ARGS) notebooks/05_explore.ipynb

check: $(STAMP) ## linter, formatter, type checker, and the record itself
	$(BIN)/ruff check src tests bench notebooks
	$(BIN)/ruff format --check src tests bench notebooks
	$(BIN)/mypy
	$(BIN)/repatria check --no-warnings

lock: ## rewrite requirements.txt from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes --quiet \
	  --custom-compile-command "make lock" -o requirements.txt

bench: $(STAMP) ## measure speed and size as ratios in one run (minutes)
	$(BIN)/python bench/bench.py

mutants: $(STAMP) ## which small wrong changes in record and analysis no test finds (up to an hour; ARGS="analysis.level --sample 0")
	$(BIN)/python bench/mutants.py $(ARGS)

refresh: $(STAMP) ## rewrite what is generated (ARGS="docs": only codebook, docs, gallery, notebooks, sample or readme)
	$(BIN)/repatria refresh $(ARGS)

clean: ## remove the environment and what failed runs left; releases and views stay
	rm -rf $(VENV) reports/.work reports/failed
