"""What comes with the project to learn from: trial tables, and a meta-encoder trained on them."""

from functools import cache
from pathlib import Path
from typing import Any

from probecast.files import read_json
from probecast.holdout import HoldOut

PACKAGED = Path(__file__).parents[1] / "pretrained"  # in an installed package
FOLDER = PACKAGED if PACKAGED.exists() else Path(__file__).parents[2] / "pretrained"
ENCODER = FOLDER / "encoder.safetensors"
CARD = FOLDER / "card.json"


def tables() -> list[str]:
    """Return the paths of all shipped trial tables."""
    return sorted(map(str, (FOLDER / "trials").glob("*.parquet")))


def tables_without(held_out: HoldOut) -> list[str]:
    """Return the paths of those that the shipped encoder has learnt from, but what is held out."""
    left = {source["task"] for source in _sources() if not held_out.excludes(source)}
    return [path for path in tables() if Path(path).stem in left]


@cache
def _sources() -> list[dict[str, Any]]:
    """What the shipped encoder's card says of each task that it has learnt from."""
    return read_json(CARD)["sources"]
