# make run: set up and run the default study. make test: set up and run the tests.
# make test ALL=1: also those that kill studies, fill disks, need SLURM or a browser, or fuzz long.
# make plan: say what it will train, and what that costs, before it does.
# make setup: only set up the environment, .venv.
# make plan STUDY=studies/full.yaml, make run STUDY=...: another study.

PYTHON ?= python3
CORES ?= 2
STUDY ?= config.yaml
VENV := .venv
BIN := $(VENV)/bin
SETUP := $(VENV)/.installed

# With none, Snakemake waits for ever.
ifeq ($(filter-out 0,$(CORES)),)
$(error CORES=$(CORES): give at least 1)
endif

.PHONY: run setup plan test bench bench-scale bench-learner bench-loop faults fuzz utilisation ship lint format schema clean

run: $(SETUP)
	$(BIN)/snakemake --cores $(CORES) --configfile $(STUDY)

setup: $(SETUP)

plan: $(SETUP)
	$(BIN)/snakemake plan --cores $(CORES) --configfile $(STUDY) --forcerun plan

# Tests of one file share what is costly to make; whole studies begin first (pyproject.toml).
PYTEST := OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses $(CORES) --dist loadfile --no-loadscope-reorder
ALL ?=

test: $(SETUP) lint
	$(if $(ALL),FUZZ_EXAMPLES=500 $(PYTEST),$(PYTEST) -m "not slow")

# What training costs: our way beside the usual ones, then where a trial's time goes.
bench: $(SETUP)
	PYTHONPATH=workflow $(BIN)/python -m benchmarks.training_speed --precision bfloat16
	PYTHONPATH=workflow $(BIN)/python -m benchmarks.profile_training --precision bfloat16

# Kill a study at 20 random moments, damage every file that it wrote, and see that it survives.
faults: $(SETUP)
	PYTHONPATH=workflow:tests $(BIN)/python -m kit.kill_and_resume --kills 20
	$(BIN)/pytest -s tests/workflow/test_damage.py

# How time and memory grow: the graph up to 100,000 trials, tables up to 10 million rows.
bench-scale: $(SETUP)
	OMP_NUM_THREADS=1 PYTHONPATH=workflow $(BIN)/python -m benchmarks.scale

# What the learner is worth on every table that is there: hours, but what is done is kept.
bench-learner: $(SETUP)
	OMP_NUM_THREADS=1 PYTHONPATH=workflow $(BIN)/python -m benchmarks.learner --cores $(CORES)

# Optuna's samplers and pruners beside ours, on the same trainings: about ten minutes.
bench-loop: $(SETUP)
	OMP_NUM_THREADS=1 PYTHONPATH=workflow $(BIN)/python -m benchmarks.loop

# The tests of hostile input with many more examples: about a quarter of an hour.
EXAMPLES ?= 5000
fuzz: $(SETUP)
	FUZZ_EXAMPLES=$(EXAMPLES) $(PYTEST) tests/unit -k hostile --timeout 7200

# Keep the finished trial tables of studies/reference.yaml, and what is learnt from all that
# are kept, for others to learn from.
ship: $(SETUP)
	mkdir -p workflow/pretrained/trials
	for table in $(wildcard results/tables/*.parquet); do cp $$table workflow/pretrained/trials/ || exit 1; done
	$(BIN)/snakemake --cores 1 results/meta/shipped/encoder.safetensors --configfile studies/reference.yaml
	cp results/meta/shipped/encoder.safetensors results/meta/shipped/card.json workflow/pretrained/

# Where the last run's time went, and the share of it that trained something.
utilisation: $(SETUP)
	PYTHONPATH=workflow $(BIN)/python -m benchmarks.utilisation --cores $(CORES)

lint: $(SETUP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint > /dev/null

schema: $(SETUP)
	PYTHONPATH=workflow $(BIN)/python docs/generate.py

format: $(SETUP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow

# The lock is complete, so pip has nothing to resolve.
$(SETUP): requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-deps --requirement requirements.lock
	touch $@

clean:
	rm -rf $(VENV) .snakemake
