r"""A study file from your data: what to train on it is then one command away.

    python -m probecast.new reviews.csv
    python -m probecast.new photos --out pets.yaml
    python -m probecast.new load.csv --time when --values north south

The data are a CSV, TSV, Parquet or JSON lines file (or several by a pattern in quotes), a folder
of images or a folder of recordings with their transcripts. They are read as the study will read
them; what cannot be decided is asked for by an option.
"""

import argparse
import logging
import re
import shlex
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from datasets import disable_progress_bars

import probecast
from probecast.console import duration, logger, program
from probecast.data.download import download
from probecast.data.preprocess import preprocess
from probecast.data.raw import open_raw
from probecast.data.sources import SOURCES
from probecast.data.spec import SPLITS, DataSpec
from probecast.data.user.account import NAMED, listed
from probecast.errors import ProbecastError
from probecast.files import writing
from probecast.new import look, template
from probecast.new.columns import Columns
from probecast.new.sizes import Sizes, epochs_for, of_an_example, within_time
from probecast.study.checks import RESERVED
from probecast.study.load import load_study
from probecast.study.model import Study
from probecast.study.plan import plan

COLUMNS = {
    "text": "the texts to classify",
    "label": "their classes, or those of images",
    "transcript": "what is said in recordings",
    "time": "the times of series",
}
"""Options that name a column."""

SNAKEFILE = Path(probecast.__file__).parents[2] / "Snakefile"
"""Where a clone has it; an installed package has none."""


def main(words: Sequence[str]) -> None:
    """Do what the command line says."""
    asked = parse(words)
    if len(asked.data) > 1:
        raise ProbecastError(
            f"{asked.data[1]}: one more file; name several by a pattern in quotes, such as "
            "'reviews-*.csv', and those to test on by --test."
        )
    if not (Path("Snakefile").exists() or SNAKEFILE.exists()):
        raise ProbecastError(
            f"{SNAKEFILE.parent}: has no Snakefile, which runs a study file; clone probecast's "
            "repository, `make setup` and `source .venv/bin/activate` there, and call this again."
        )
    name = name_of(asked.data[0])
    out = Path(asked.out or f"{name}.yaml")
    if out.exists() and not asked.force:
        raise ProbecastError(f"{out}: is there already; name another by --out, or add --force.")
    asked.test, asked.val = (path and located(path) for path in (asked.test, asked.val))
    with (
        TemporaryDirectory(prefix="probecast-") as scratch,
        told(),
        for_a_terminal(asked.data[0], scratch),
    ):
        own = described(Path(located(asked.data[0])), asked, Path(scratch, "look"))
        draft = Draft(name, own, out, asked.data[0], Path(scratch))
        sizes, seconds = draft.sizes()
    with writing(out):
        out.write_text(draft.text(sizes), encoding="utf-8")
    print(f"{out} is written. Its probes will train for about {duration(seconds)}, or a few times")
    print("that where large networks look promising. Run it, from this folder:")
    print(draft.command)


def parse(words: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m probecast.new", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("data", nargs="+", help="a file, a pattern in quotes, or a folder")
    parser.add_argument("--out", help="the study file to write; default: <name of the data>.yaml")
    parser.add_argument("--force", action="store_true", help="write over it if it is there")
    for option, meaning in COLUMNS.items():
        parser.add_argument(f"--{option}", metavar="COLUMN", help=meaning)
    parser.add_argument("--values", nargs="+", metavar="COLUMN", help="the series to forecast")
    for split in ("test", "val"):
        parser.add_argument(f"--{split}", metavar="FILE", help=f"a table of {split} rows")
    for key in look.KEYS:
        option = f"--{key.replace('_', '-')}"
        parser.add_argument(option, metavar="VALUE", help=f"the key `{key}` of docs/study-file.md")
    return parser.parse_args(words)


def name_of(data: str) -> str:
    """Return what to call the data in a study file.

    Not what a source of ours is called: the data would count as of its family.

    >>> name_of("My reviews-*.csv.gz"), name_of("2024/"), name_of("imdb.csv")
    ('my_reviews', 'my_2024', 'my_imdb')
    """
    stem = Path(data).expanduser().resolve().name.split(".")[0].lower()
    name = re.sub("[^a-z0-9]+", "_", stem).strip("_")[:50]
    taken = name in {RESERVED, *SOURCES} or not re.match("[a-z]", name)
    return f"my_{name or 'data'}" if taken else name


def located(path: str) -> str:
    """Return a path as in the study file: relative where the Snakefile is, else absolute."""
    return path if Path("Snakefile").exists() else str(Path(path).expanduser().absolute())


@contextmanager
def told() -> Iterator[None]:
    """Print what the readers of a study say of the data."""
    lines = logging.StreamHandler(sys.stdout)
    before = logger.level, logger.propagate
    logger.addHandler(lines)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(lines)
        logger.level, logger.propagate = before


@contextmanager
def for_a_terminal(data: str, scratch: str) -> Iterator[None]:
    """Name options beside keys of a study file that is not written yet, and the data as given."""
    try:
        yield
    except ProbecastError as error:
        message = re.sub(rf"{re.escape(scratch)}/raw(/\w+\.parquet)?", lambda _: data, str(error))
        keys = [key for key in (*look.KEYS, "values") if named(key, message)]
        keys += COLUMNS if named("columns", message) and not keys else []
        options = [f"--{key.replace('_', '-')}" for key in keys]
        hint = f" Here that is the option {' or '.join(options)}." if options else ""
        raise ProbecastError(f"{message}{hint}") from None


def named(key: str, message: str) -> bool:
    """Whether a message names a key."""
    return re.search(rf"[`.]{key}\b", message) is not None


def described(path: Path, asked: argparse.Namespace, cache: Path) -> dict[str, Any]:
    """Return what the data are; print what was found."""
    disable_progress_bars()
    own, found = look.described(path, asked, cache)
    print(f"{path}: {own['modality']}")
    for role, name in own.get("columns", {}).items():
        print(f"  {role}: {', '.join(name) if isinstance(name, list) else name}")
    if found != Columns():
        print(f"  columns by what they may be: {found.in_words()}")
    return own


@dataclass(frozen=True)
class Draft:
    """A study file in the making.

    Attributes:
        name: of the study and its dataset.
        own: what the data are.
        out: where it will be.
        data: what the user calls the data.
        scratch: a folder for the time being, where the data are prepared as the study will.
    """

    name: str
    own: dict[str, Any]
    out: Path
    data: str
    scratch: Path

    @property
    def command(self) -> str:
        """What runs it."""
        target = f"results/predictions/{self.name}-{template.USUAL[self.own['modality']]}.json"
        at = ["--snakefile", str(SNAKEFILE)] if not Path("Snakefile").exists() else []
        words = ["snakemake", *at, "--cores", "2", target, "--configfile", str(self.out)]
        return shlex.join(words)

    def text(self, sizes: Sizes) -> str:
        """Return the study file."""
        return template.study_file(self.name, self.own, sizes, self.data, self.command)

    def study(self, sizes: Sizes) -> Study:
        """Return the study, checked."""
        return load_study(yaml.safe_load(self.text(sizes)), str(self.out), Path.cwd())

    def sizes(self) -> tuple[Sizes, float]:
        """Return sizes with which the study runs, and the seconds that its probes will take."""
        study, raw = self.study(Sizes()), self.scratch / "raw"
        download(study.download_settings(self.name), raw, self.scratch / "lock.json")
        own = study.dataset(self.name).own
        if own.has_classes:
            print(f"  classes: {class_sizes(raw, own.target_column)}")
        logger.setLevel(logging.CRITICAL)
        sizes, spec = self.prepared(Sizes(of_one=of_an_example(raw, own)))
        sizes = replace(sizes, epochs=epochs_for(spec.rows["train"]))
        fewer = within_time(spec.rows["train"], self.seconds(sizes, spec))
        logger.setLevel(logging.INFO)
        sizes, spec = self.prepared(replace(sizes, train_rows=fewer))
        return sizes, self.seconds(sizes, spec)

    def prepared(self, sizes: Sizes) -> tuple[Sizes, DataSpec]:
        """Return the sizes of what can be trained on, and its description.

        There are more rows than asked for where a class would have none among these.
        """
        raw = self.scratch / "raw"
        there = open_raw(raw)["train"].row_count
        while True:
            try:
                settings = self.study(sizes).preprocess_settings(self.name)
                spec = preprocess(raw, self.scratch, settings)
                break
            except ProbecastError:
                if sizes.train_rows >= there:
                    raise
                sizes = replace(sizes, train_rows=min(2 * sizes.train_rows, there))
        rows = {f"{split}_rows": spec.rows[split] for split in SPLITS}
        return replace(sizes, **rows), spec

    def seconds(self, sizes: Sizes, spec: DataSpec) -> float:
        """Estimate how long the probes will train."""
        table = plan(self.study(sizes), {self.name: spec})
        return table.loc[table["stage"] == "probe", "core_seconds"].sum()


def class_sizes(raw: Path, column: str) -> str:
    """Say how many rows there are of each class, the most frequent first."""
    files = open_raw(raw)
    names = files["train"].class_names(column)
    counts = Counter(label for file in files.values() for label in file.read(column).to_pylist())
    sizes = [f"{names[label]} {count}" for label, count in counts.most_common()]
    rarest = f"; the rarest {sizes[-1]}" if len(sizes) > NAMED else ""
    return f"{len(names)}: {listed(sizes)}{rarest}"


if __name__ == "__main__":
    with program():
        main(sys.argv[1:])
