"""What each part of the learner is worth, beside the best of the other tuners.

``python -m benchmarks.ablations <table>`` holds out every family of a table in turn and prints
mean regret at each total cost: with one part of our tuner taken away after another, and of the
other tuners and an oracle (``benchmarks.oracles``) with the standard error of their difference
to ours. p is that of a Wilcoxon test (over tasks, of the mean over costs) against the learner as
it is, of each row alone: of twenty rows, one below .05 is chance. The table: ``own`` (the shipped
trial tables that tell anything, the configurations that all have tried), or any that a study file
names: ``--study studies/lcbench17.yaml lcbench17``.

``--sources`` says what may be learnt from: ``all`` other families; ``half``, where every source
has a random half of its configurations, another half for each, as tables from different hands
have; ``unlike``, seven sources of seven families; or numbers of sources. Every seed draws anew.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import product
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
import yaml

from benchmarks.oracles import BEGUN, oracles_of
from benchmarks.tables import heading, markdown
from probecast.errors import ProbecastError, suggest
from probecast.evaluation.replay import replay
from probecast.evaluation.statistics import wilcoxon_p
from probecast.learner import curves, encoder, pretraining
from probecast.learner import tuner as tuner_module
from probecast.learner.encoder import MetaEncoder
from probecast.learner.strengths import EXPECTED
from probecast.learner.tuner import ProbecastTuner
from probecast.networks import NEED_PRETRAINED
from probecast.seeds import derive
from probecast.space import config_id
from probecast.study.load import load_study
from probecast.tables.reading import read_tables
from probecast.trials import TrialTable, read_table
from probecast.tuning.environments import some

ROOT = Path(__file__).parents[1]
SHIPPED = ROOT / "workflow/pretrained/trials"
UNLIKE = 7
COSTS = (1.5, 2, 3, 5, 10)
OTHERS = ("one_epoch", "portfolio", "nearest", "empirical_gp", "halving_portfolio")


class RandomProbes(ProbecastTuner):
    """Begins or continues what chance says."""

    def _gain(self, begun: np.ndarray) -> np.ndarray:
        shape = self.posterior.mean.shape
        drawn = np.random.default_rng([self.problem.seed % 2**32, self.epochs.sum()])
        # Times what ``ask`` divides by.
        cost = np.maximum(self.levels - self.epochs[:, None], 0) ** tuner_module.COST_POWER
        return drawn.uniform(size=(shape[0], 1)) * cost


@dataclass(frozen=True)
class Variant:
    """The learner with a part taken away.

    Attributes:
        tables: changes what is learnt from.
        tuner: probes and recommends.
        levels: the epochs of a curve that are looked at.
        roughness: how noisy a source's values are.
        strengths: those that take the place of what pretraining has learnt, by name.
        lengthscales: those that take its place, or None.
    """

    tables: Callable[[TrialTable], TrialTable] = lambda table: table
    tuner: type[ProbecastTuner] = ProbecastTuner
    levels: Callable[[int], np.ndarray] = curves.curve_levels
    roughness: Callable[[np.ndarray, np.ndarray], np.ndarray] = curves.roughness
    strengths: Mapping[str, float] = field(default_factory=dict)
    lengthscales: Mapping[str, float] | None = None

    def learnt(self, tables: Sequence[TrialTable]) -> MetaEncoder:
        """Return what it learns from tables."""
        made = pretraining.pretrain(tables)
        made.strengths = replace(made.strengths, **self.strengths)
        if self.lengthscales is not None:
            made.lengthscales = dict(self.lengthscales)
        return made


def equally_rough(values: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """The mean roughness of all a source's curves, at every level."""
    found = curves.roughness(values, levels)
    return np.full(found.shape, found.mean())


def shuffled(table: TrialTable) -> TrialTable:
    """The same curves, each now of another configuration."""
    frame = table.frame.copy()
    identities = frame["config_id"].astype(str)
    rows = frame.drop_duplicates("config_id").set_index("config_id")
    order = np.random.default_rng(derive(0, "shuffle", table.info.task)).permutation(len(rows))
    given = dict(zip(rows.index.astype(str), rows.index[order].astype(str), strict=True))
    frame["config_id"] = identities.map(given)
    for name in table.hyperparameters:
        frame[name] = frame["config_id"].map(rows[name].to_dict())
    return replace(
        table, frame=frame.sort_values(["config_id", "seed", "epoch"], ignore_index=True)
    )


def halved(table: TrialTable, generator: np.random.Generator) -> TrialTable:
    """A random half of the table's configurations."""
    return some(table, len(table.configurations()) // 2, generator)


def few(
    tables: Sequence[TrialTable], count: int, generator: np.random.Generator
) -> list[TrialTable]:
    """So many of the tables."""
    return [tables[i] for i in sorted(generator.permutation(len(tables))[:count])]


def thinned(
    tables: Sequence[TrialTable], what: str, generator: np.random.Generator
) -> list[TrialTable]:
    """What is left to learn from, see ``--sources``."""
    if what == "half":
        return [halved(table, generator) for table in tables]
    if what == "unlike":
        families = sorted({table.info.family for table in tables})
        one_each = [
            few([t for t in tables if t.info.family == family], 1, generator)[0]
            for family in families
        ]
        return few(one_each, UNLIKE, generator)
    return list(tables) if what == "all" else few(tables, int(what), generator)


AS_IT_IS = "as it is"
VARIANTS = {
    AS_IT_IS: Variant(),
    "without curves (full trials only)": Variant(levels=lambda horizon: np.array([horizon])),
    "without transfer (sources shuffled)": Variant(tables=shuffled),
    "all architectures alike": Variant(strengths={"kindred": 1.0}),
    "strengths not learnt": Variant(strengths=asdict(EXPECTED)),
    "lengthscales not learnt": Variant(lengthscales={}),
    "the same noise for all": Variant(roughness=equally_rough),
    "probes chosen at random": Variant(tuner=RandomProbes),
}


def tables_of(name: str, study: str | None) -> list[TrialTable]:
    """Return a named table's tasks.

    Raises:
        ProbecastError: there is no such table.
    """
    if study:
        tables = load_study(yaml.safe_load(Path(study).read_text()), study, ROOT).tables
        if name not in tables:
            raise ProbecastError(f"{study}: no table {name!r}. {suggest(name, tables)}")
        return read_tables(name, tables[name])
    if name != "own":
        raise ProbecastError(f"table {name!r}: say which study file names it (--study)")
    shipped = [read_table(path).without_repeats() for path in sorted(SHIPPED.glob("*.parquet"))]
    shipped = [
        t for t in shipped if t.info.architecture not in NEED_PRETRAINED and curves.normalise(t)
    ]
    identities = [{config_id(c): i for i, c in t.configurations().items()} for t in shipped]
    common = set.intersection(*map(set, identities))
    return [
        replace(
            table,
            frame=table.frame[table.frame["config_id"].isin([own[i] for i in common])].reset_index(
                drop=True
            ),
        )
        for table, own in zip(shipped, identities, strict=True)
    ]


def run(
    tables: Sequence[TrialTable],
    variant: Variant,
    seeds: int,
    noise: float,
    sources: str = "all",
    others: Sequence[str] = (),
) -> pd.DataFrame:
    """Return the rows of ``replay`` and ``oracles_of`` for every task and seed.

    Every task is held out with its family.
    """
    runs = []
    changed = [variant.tables(table) for table in tables]
    for seed, table in product(range(seeds), tables):
        generator = np.random.default_rng(derive(seed, "sources", table.info.task))
        left = [t for t in changed if t.info.family != table.info.family]
        left = thinned(left, sources, generator)
        with (
            patch.object(encoder, "curve_levels", variant.levels),
            patch.object(pretraining, "curve_levels", variant.levels),
            patch.object(encoder, "roughness", variant.roughness),
            patch.object(tuner_module, "TUNER", variant.tuner),
        ):
            made = variant.learnt(left)
            methods = ["probecast", *others]
            oracles, watch = oracles_of(table)
            runs.append(replay(table, tuple(left), made, methods, COSTS, 1, seed, noise, watch))
            runs.append(pd.DataFrame(oracles))
    return pd.concat(runs, ignore_index=True)


def print_ablations(
    tables: list[TrialTable], names: Sequence[str], seeds: int, noise: float, sources: str
) -> None:
    """Print one row per variant and other method, held against the learner as it is."""
    rows, reference = [], None
    for name in dict.fromkeys([AS_IT_IS, *names]):
        first = reference is None
        runs = run(tables, VARIANTS[name], seeds, noise, sources, OTHERS if first else ())
        by_task = runs.groupby(["method", "task", "cost"])["regret"].mean().unstack()
        reference = by_task.loc["probecast"] if first else reference
        rows.append(_row(name, by_task.loc["probecast"], reference))
        rows += [
            _row(other, by_task.loc[other], reference)
            for other in (BEGUN, *OTHERS)
            if first and other in by_task.index
        ]
        print(f"done: {name}, sources: {sources}", flush=True)
    print("\n".join(["", f"sources: {sources}", "", *markdown(rows)]))


def _row(name: str, by_task: pd.DataFrame, reference: pd.DataFrame) -> dict[str, str]:
    """Means over tasks; ± is the standard error of the difference to the reference."""
    difference = by_task - reference
    errors = difference.std() / np.sqrt(len(difference))
    same = np.allclose(difference, 0)
    cells = {
        f"{cost:g}": f"{by_task[cost].mean():.3f}" + ("" if same else f" ± {errors[cost]:.3f}")
        for cost in COSTS
    }
    p = "–" if same else f"{wilcoxon_p(by_task.mean(axis=1), reference.mean(axis=1)):.3f}"
    return {"": name, **cells, "p": p}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("table")
    parser.add_argument("--study", help="the study file that names the table")
    parser.add_argument("--sources", nargs="+", default=["all"])
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--noise", type=float, default=0.01)
    arguments = parser.parse_args()
    tables = tables_of(arguments.table, arguments.study)
    title = f"{arguments.table}: {len(tables)} tasks"
    print("\n".join(heading(title, "benchmarks.ablations", ["numpy", "scipy"])))
    for sources in arguments.sources:
        print_ablations(tables, arguments.variants, arguments.seeds, arguments.noise, sources)


if __name__ == "__main__":
    main()
