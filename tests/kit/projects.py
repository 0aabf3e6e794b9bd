"""A tiny study in a copy of the project, and how it is run."""

import json
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import yaml

from kit import warm

ROOT = Path(__file__).parents[2]

TINY = {
    "name": "tiny",
    "tasks": ["digits-cnn", "load-lstm"],
    "datasets": {
        "digits": {"train_rows": 120, "val_rows": 60, "test_rows": 120},
        "load": {"train_rows": 100, "val_rows": 60, "test_rows": 100, "sequence_length": 24},
    },
    "space": {
        "learning_rate": {"choices": [0.001, 0.01, 0.1], "scale": "log"},
        "batch_size": {"choices": [32]},
        "layers": {"choices": [2]},
        "neurons": {"choices": [16, 32], "scale": "log"},
        "dropout": {"choices": [0.1]},
        "optimizer": {"choices": ["Adam"]},
    },
    "default_configuration": {
        "learning_rate": 0.001,
        "batch_size": 32,
        "layers": 2,
        "neurons": 32,
        "dropout": 0.1,
        "optimizer": "Adam",
    },
    "training": {"epochs": 5},
    "sweep": {"configurations": "all", "trials_per_job": 3},
    "probe": {"cost": 2},
    "baselines": {"repetitions": 5},
    "final": {"seeds": 2},
}


@dataclass(frozen=True)
class Project:
    """A copy of the project in a folder of its own."""

    folder: Path

    def study(self, **changes):
        """Write the tiny study, with some top-level keys replaced; return its path."""
        path = self.folder / "tiny.yaml"
        path.write_text(yaml.safe_dump({**TINY, **changes}))
        return path

    def arguments(self, *arguments, cores=2):
        """Return what makes Snakemake run on the study file."""
        return ["--cores", str(cores), *map(str, arguments), "--configfile", "tiny.yaml"]

    def command(self, *arguments, cores=2):
        """Return the command that runs Snakemake on the study file."""
        return [sys.executable, "-m", "snakemake", *self.arguments(*arguments, cores=cores)]

    def snakemake(self, *arguments, cores=2, check=True):
        """Run Snakemake on the study file; return the finished process."""
        done = warm.snakemake(self.arguments(*arguments, cores=cores), self.folder)
        if check:
            assert done.returncode == 0, done.stdout + done.stderr
        return done

    def plan(self, *arguments):
        """Return how many jobs of which rule Snakemake would run."""
        done = self.snakemake(*arguments, "--dry-run")
        return {
            rule: int(count)
            for rule, count in re.findall(r"^(\w+) +(\d+)$", done.stdout, re.MULTILINE)
            if rule not in ("total", "all")
        }

    def contents(self):
        """Return what every stage but the last wrote, by path, without what a clock measured."""
        results = self.folder / "results"
        stages = ("data", "trials", "meta", "predictions", "baselines", "evaluate")
        paths = (path for stage in stages for path in (results / stage).rglob("[!.]*.*"))
        return {
            str(path.relative_to(results)): _timeless(path) for path in paths if path.is_file()
        }

    def copy(self, folder):
        """Return a copy with all results; modification times are kept."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Project(folder)


def _timeless(path):
    """A file's content without seconds: as bytes or, where there are some, as values."""
    if path.suffix == ".parquet":
        table = pq.read_table(path, partitioning=None)
        frame = table.select([name for name in table.column_names if "seconds" not in name])
        return table.schema.metadata.get(b"probecast"), frame.to_pandas().to_csv()
    if path.suffix == ".csv":
        frame = pd.read_csv(path, dtype=str)
        return frame[[name for name in frame if "seconds" not in name]].to_csv()
    if path.suffix == ".json":
        return _without_seconds(json.loads(path.read_text()))
    return path.read_bytes()


def _without_seconds(value):
    if isinstance(value, dict):
        return {k: _without_seconds(v) for k, v in value.items() if "seconds" not in k}
    return [_without_seconds(v) for v in value] if isinstance(value, list) else value


def fresh_project(folder):
    """Return a copy of the project without results."""
    folder.mkdir(parents=True)
    for name in ("Snakefile", "config.yaml", "workflow", "profiles", "envs", "studies"):
        source = ROOT / name
        if source.is_dir():
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, folder / name, ignore=ignore)
        else:
            shutil.copy2(source, folder / name)
    project = Project(folder)
    project.study()
    return project
