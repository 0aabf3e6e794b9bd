# make run: set up and run the default study. make test: set up and run the tests.

PYTHON ?= python3
CORES ?= 2
VENV := .venv
BIN := $(VENV)/bin
SETUP := $(VENV)/.installed

.PHONY: run test lint format schema clean

run: $(SETUP)
	$(BIN)/snakemake --cores $(CORES)

test: $(SETUP) lint
	$(BIN)/pytest

lint: $(SETUP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint > /dev/null

schema: $(SETUP)
	PYTHONPATH=workflow $(BIN)/python -m probecast.reference

format: $(SETUP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow

# The lock is complete, so pip resolves nothing; torch alone comes first because its exact
# pin decides which build is taken.
$(SETUP): requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-deps --requirement requirements.lock
	touch $@

clean:
	rm -rf $(VENV) .snakemake
