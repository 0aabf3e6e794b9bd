"""A recommendation once more.

    python -m probecast.show digits-cnn
    python -m probecast.show elsewhere/results/predictions/digits-cnn.json

The first is for the folder in which the study ran.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from probecast.console import program
from probecast.errors import ProbecastError
from probecast.learner.recommendation import in_words, read_recommendation
from probecast.study.layout import PREDICTION, PROBE
from probecast.trials import read_table


def main(words: Sequence[str]) -> str:
    """Return what is to be printed for a command line."""
    parser = argparse.ArgumentParser(prog="python -m probecast.show", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("prediction", help="a task here, or the path of its recommendation")
    given = parser.parse_args(words).prediction
    path = Path(given if given.endswith(".json") else PREDICTION.format(task=given))
    result = read_recommendation(path)
    # The task's name and its metric stand with the probes.
    probes = path.resolve().parents[2] / PROBE.format(task=path.stem)
    if not probes.exists():
        raise ProbecastError(
            f"{path}: {probes} is not beside it, which says by what metric it was judged; name "
            f"{PREDICTION.format(task='<task>')} where predict wrote it."
        )
    return in_words(read_table(probes).info, result) + "\n"


if __name__ == "__main__":
    with program():
        sys.stdout.write(main(sys.argv[1:]))
