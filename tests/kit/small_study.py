"""A small study file, and how it is loaded with changes."""

import copy
from pathlib import Path

from probecast.study.load import load_study

ROOT = Path(__file__).parents[2]
FIXED = {"batch_size": 32, "neurons": 16, "dropout": 0.1, "optimizer": "Adam"}
SMALL = {
    "name": "small",
    "tasks": ["digits-cnn", "load-lstm"],
    "datasets": {"digits": {"train_rows": 60}},
    "space": {
        "learning_rate": {"choices": [0.001, 0.01], "scale": "log"},
        "layers": {"choices": [2, 3, 4]},
        **{name: {"choices": [value]} for name, value in FIXED.items()},
    },
    "default_configuration": {"learning_rate": 0.001, "layers": 3, **FIXED},
    "training": {"epochs": 5},
    "probe": {"cost": 2},
}
HISTORY = {"path": "runs.db", "metric": "accuracy"}


def load(base=ROOT, **changes):
    """Return the small study with some of its keys replaced."""
    return load_study({**copy.deepcopy(SMALL), **changes}, "my.yaml", base)
