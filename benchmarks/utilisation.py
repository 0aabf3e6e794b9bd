"""Where a run's time went, from Snakemake's benchmark files.

``python -m benchmarks.utilisation [results/benchmarks] [--cores 2]`` after a run.
"""

import argparse
from pathlib import Path

import pandas as pd

from probecast.errors import ProbecastError

TRAINING = ("sweep", "pretrain", "probe", "train")
"""The rules whose jobs train networks or the meta-encoder."""


def read_benchmarks(folder: str | Path) -> pd.DataFrame:
    """Return one row per job: rule, seconds of wall time and of processor time, start, end.

    A job ends when its benchmark file is written and lasted as long as that says.

    Raises:
        ProbecastError: the folder holds no benchmark files.
    """
    rows = []
    for path in sorted(Path(folder).rglob("*.tsv")):
        measured = pd.read_csv(path, sep="\t", na_values="-").iloc[-1]
        end = path.stat().st_mtime
        rule = path.relative_to(folder).parts[0].removesuffix(".tsv")
        rows.append((rule, measured["s"], measured["cpu_time"], end - measured["s"], end))
    if not rows:
        raise ProbecastError(f"{folder}: no benchmark files; run the study first")
    return pd.DataFrame(rows, columns=["rule", "wall", "processor", "start", "end"])


def utilisation(jobs: pd.DataFrame, cores: int) -> tuple[pd.DataFrame, float, float]:
    """Return time per rule, the wall time of the run, and the share that went into training.

    Args:
        jobs: as ``read_benchmarks`` returns them, all of one uninterrupted run.
        cores: how many the run had.

    Returns:
        per rule: jobs, wall seconds, processor seconds, share of cores x wall time; the
        run's wall time in seconds; the share of cores x wall time in ``TRAINING`` jobs.
    """
    wall = jobs["end"].max() - jobs["start"].min()
    table = jobs.groupby("rule", sort=False).agg(
        jobs=("wall", "size"), wall=("wall", "sum"), processor=("processor", "sum")
    )
    table["share"] = table["wall"] / (cores * wall)
    return table, float(wall), float(table["share"].reindex(TRAINING).sum())


def main() -> None:
    """Print the table and the share."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", default="results/benchmarks")
    parser.add_argument("--cores", type=int, default=2)
    arguments = parser.parse_args()
    table, wall, share = utilisation(read_benchmarks(arguments.folder), arguments.cores)
    print(table.sort_values("share", ascending=False).round(3).to_string())
    print(f"\n{wall:.0f} s on {arguments.cores} cores; {share:.0%} of it in training")


if __name__ == "__main__":
    main()
