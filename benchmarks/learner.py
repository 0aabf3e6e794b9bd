"""The learner on every table that is there: regret, rises with budget, and its beliefs.

``make bench-learner``, or ``python -m benchmarks.learner [table ...]``, holds out every family of
a table in turn, replays the tuners on its tasks, and prints for each total cost the mean regret,
the share within 5 %, the difference to the best other tuner with its standard error over tasks,
whether regret rises with the budget, and how far the beliefs about the recommendation are to be
trusted. Tables: ``own`` (the shipped trial tables that tell anything: four random halves of the
configurations that all have tried are the candidates, sources are whole, no noise is added),
``finetune`` (the shipped tables of pretrained encoders; the others learn from those with the
task's hyperparameters, ours from all) and those of ``studies/tables.yaml`` that are there. What is
finished is kept and not done again while the code that it rests on stays the same.
"""

import argparse
import hashlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from benchmarks.tables import heading, markdown
from probecast.code_hash import code_hash
from probecast.console import Progress
from probecast.errors import ProbecastError
from probecast.evaluation.benchmark import folds
from probecast.evaluation.calibration import calibration, keep_beliefs
from probecast.evaluation.replay import replay
from probecast.files import atomic_path
from probecast.learner.curves import normalise
from probecast.learner.pretraining import pretrain
from probecast.networks import NEED_PRETRAINED
from probecast.seeds import derive
from probecast.space import config_id
from probecast.study.load import load_study
from probecast.tables.reading import read_tables
from probecast.trials import TrialTable, read_table
from probecast.tuners import TUNERS

ROOT = Path(__file__).parents[1]
SHIPPED = ROOT / "workflow/pretrained/trials"
STUDY = ROOT / "studies/tables.yaml"
OURS = "probecast"
OTHERS = ("one_epoch", "portfolio", "nearest", "empirical_gp", "halving_portfolio")
HALVES = 4


@dataclass(frozen=True)
class Protocol:
    """How a table is replayed.

    Attributes:
        costs: total costs in full trainings.
        noise: see ``TableEnvironment``.
        repetitions: of every run, with fresh noise each.
        halves: random halves of the candidates; 0 for all candidates at once.
    """

    costs: tuple[float, ...]
    noise: float = 0.01
    repetitions: int = 5
    halves: int = 0


PROTOCOLS = {
    "own": Protocol((1, 1.5, 2, 3, 5), noise=0.0, repetitions=1, halves=HALVES),
    "finetune": Protocol((1, 1.5, 2, 3), noise=0.0, repetitions=1),
    "lcbench17": Protocol((1.5, 2, 3, 5, 10)),
    "taskset12": Protocol((1.5, 2, 3, 5, 10)),
    "tst_svm": Protocol((1, 2, 3, 5, 10)),
    "dmfbs_reg": Protocol((1, 2, 3, 5, 10)),
    "nmtlc_zh": Protocol((1, 1.5, 2, 3, 5)),
}


@dataclass(frozen=True)
class Unit:
    """What is replayed at once: the tasks of a table that are held out together."""

    table: str
    tasks: tuple[str, ...]
    repetitions: int

    def path(self, folder: Path, methods: Sequence[str]) -> Path:
        """Where its result is kept; another one for other code or another protocol."""
        modules = ["probecast.tuning.driver", "probecast.tuning.environments"]
        modules += [TUNERS[method] for method in methods]
        if OURS in methods:
            modules += ["probecast.learner.pretraining", "probecast.evaluation.calibration"]
        protocol = hashlib.sha256(repr(PROTOCOLS[self.table]).encode()).hexdigest()[:8]
        code = f"{code_hash(*modules)}-{protocol}"
        name = OURS if OURS in methods else "others"
        return folder / code / f"{self.table}-{self.tasks[0]}-{self.repetitions}-{name}.parquet"


@cache
def tables_of(name: str) -> tuple[TrialTable, ...]:
    """Return a named table's tasks, repeats included."""
    if name not in ("own", "finetune"):
        study = load_study(yaml.safe_load(STUDY.read_text()), str(STUDY), ROOT)
        return tuple(read_tables(name, study.tables[name]))
    shipped = [read_table(path) for path in sorted(SHIPPED.glob("*.parquet"))]
    tuned = [
        t for t in shipped if (t.info.architecture in NEED_PRETRAINED) == (name == "finetune")
    ]
    return tuple(t for t in tuned if normalise(t))


def targets(name: str, table: TrialTable) -> Iterator[tuple[int, TrialTable]]:
    """Yield what is played as targets of one task: its table, or random halves of it."""
    halves = PROTOCOLS[name].halves
    if not halves:
        yield 0, table
        return
    identities = {config_id(c): i for i, c in table.configurations().items()}
    common = sorted(set.intersection(*map(_identities, tables_of(name))))
    for half in range(halves):
        generator = np.random.default_rng(derive(0, "half", table.info.task, half))
        kept = [identities[c] for c in generator.permutation(common)[: len(common) // 2]]
        frame = table.frame[table.frame["config_id"].isin(kept)].reset_index(drop=True)
        yield half, replace(table, frame=frame)


def _identities(table: TrialTable) -> set[str]:
    return {config_id(c) for c in table.configurations().values()}


def units(name: str, repetitions: int | None) -> list[Unit]:
    """Return the folds of a table: its families where tasks have some, else as in a study."""
    tables = tables_of(name)
    families: dict[str, list[str]] = {}
    for table in tables:
        families.setdefault(table.info.family, []).append(table.info.task)
    groups = families.values()
    if len(families) == len(tables):
        groups = folds([table.info.task for table in tables])
    repetitions = repetitions or PROTOCOLS[name].repetitions
    return [Unit(name, tuple(group), repetitions) for group in groups]


def play(unit: Unit, methods: Sequence[str], folder: Path) -> Path:
    """Replay the tuners on a unit's tasks, unless that is done; return where the result lies."""
    path = unit.path(folder, methods)
    if path.exists():
        return path
    protocol = PROTOCOLS[unit.table]
    held_out = {t.info.family for t in tables_of(unit.table) if t.info.task in unit.tasks}
    sources = tuple(t for t in tables_of(unit.table) if t.info.family not in held_out)
    encoder = pretrain(sources) if OURS in methods else None
    rows = []
    for task in (t for t in tables_of(unit.table) if t.info.task in unit.tasks):
        alike = tuple(t for t in sources if set(t.hyperparameters) == set(task.hyperparameters))
        for half, table in targets(unit.table, task):
            beliefs: list[pd.DataFrame] = []
            runs = replay(
                table,
                alike,
                encoder=encoder,
                methods=methods,
                budgets=protocol.costs,
                repetitions=unit.repetitions,
                seed=half,
                noise=protocol.noise,
                watch=partial(keep_beliefs, beliefs, table),
            )
            if beliefs:
                kept = pd.concat(beliefs).drop(columns="task").assign(method=OURS)
                kept = kept.rename(columns={"metric": "val_metric_became"})
                keys = ["method", "cost", "repetition"]
                runs = runs.merge(kept, on=keys, how="left")
            rows.append(runs.assign(half=half))
    with atomic_path(path) as temporary:
        pd.concat(rows, ignore_index=True).to_parquet(temporary)
    return path


def results(
    name: str, methods: Sequence[str], folder: Path, repetitions: int | None, cores: int
) -> pd.DataFrame:
    """Return the rows of ``replay`` for all tasks of a table, with what was believed."""
    todo = units(name, repetitions)
    progress = Progress(f"{name}: {', '.join(methods)}", len(todo), "folds")
    paths = []
    with ProcessPoolExecutor(cores) as pool:
        for done in as_completed([pool.submit(play, unit, methods, folder) for unit in todo]):
            paths.append(done.result())
            progress.step()
    return pd.concat([pd.read_parquet(path) for path in sorted(paths)], ignore_index=True)


def regrets(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the mean regret by method and task (rows) and cost (columns)."""
    return runs.groupby(["method", "task", "cost"])["regret"].mean().unstack()


def summary(runs: pd.DataFrame) -> list[dict[str, str]]:
    """Return one row per cost: ours beside the best other at that cost."""
    by_task = regrets(runs)
    ours = by_task.loc[OURS]
    names = [m for m in by_task.index.unique("method") if m != OURS]
    means = {name: by_task.loc[name].mean() for name in names}
    hits = runs.groupby(["method", "cost", "task"])["within_5pct"].mean()
    rows, before = [], None
    for cost in ours.columns:
        row = {"cost": f"{cost:g}", "regret": f"{ours[cost].mean():.4f}"}
        row["within 5 %"] = f"{hits[OURS, cost].mean():.0%}"
        if names:
            best = min(names, key=lambda name: means[name][cost])
            row |= {"best other": f"{means[best][cost]:.4f} ({best})"}
            row |= {"difference": _paired(ours[cost] - by_task.loc[best][cost])}
        row["since the cost before"] = "" if before is None else _paired(ours[cost] - before)
        before = ours[cost]
        rows.append(row)
    return rows


def trust(runs: pd.DataFrame) -> list[dict[str, str]]:
    """Return how far our beliefs are to be trusted, over all costs and one row for each."""
    beliefs = runs.assign(metric=runs["val_metric_became"], cost=runs["cost"].map("{:g}".format))
    return [
        {name: value if isinstance(value, str) else f"{value:.3g}" for name, value in row.items()}
        for row in calibration(beliefs, "cost").to_dict("records")
    ]


def _paired(difference: pd.Series) -> str:
    error = difference.std() / np.sqrt(len(difference))
    return f"{difference.mean():+.4f} ± {error:.4f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("tables", nargs="*", default=list(PROTOCOLS), metavar="table")
    parser.add_argument("--methods", nargs="*", default=OTHERS, help="tuners beside ours")
    parser.add_argument("--repetitions", type=int, help="of every run, for a quick look")
    parser.add_argument("--cores", type=int, default=os.cpu_count())
    parser.add_argument("--folder", type=Path, default=ROOT / "results/bench_learner")
    arguments = parser.parse_args()
    print("\n".join(heading("The learner", "benchmarks.learner", ["numpy", "scipy"])))
    for name in arguments.tables:
        try:
            tables_of(name)
        except ProbecastError as error:
            print(f"\n{name}: left out: {error}")
            continue
        rest = (arguments.folder, arguments.repetitions, arguments.cores)
        runs = [results(name, [OURS], *rest)]
        if arguments.methods:
            runs.append(results(name, arguments.methods, *rest))
        print("\n".join(["", f"#### {name}: {len(tables_of(name))} tasks", ""]))
        print("\n".join([*markdown(summary(pd.concat(runs))), "", *markdown(trust(runs[0]))]))


if __name__ == "__main__":
    main()
