"""What comes with the project to learn from: trial tables, and a meta-encoder trained on them."""

from pathlib import Path

from probecast.files import read_json
from probecast.meta.sources import Kind

FOLDER = Path(__file__).parents[2] / "pretrained"
ENCODER = FOLDER / "encoder.safetensors"
CARD = FOLDER / "card.json"


def tables() -> list[str]:
    """Return the paths of all shipped trial tables."""
    return sorted(map(str, (FOLDER / "trials").glob("*.parquet")))


def tables_without(kind: Kind, name: str) -> list[str]:
    """Return the paths of those that the shipped encoder has learnt from, but for some.

    Args:
        kind: what is held out: a family or an architecture.
        name: its name.
    """
    left = {source["task"] for source in _sources() if source[kind] != name}
    return [path for path in tables() if Path(path).stem in left]


def knows(kind: Kind, name: str) -> bool:
    """Whether the shipped encoder has learnt from a family or an architecture."""
    return any(source[kind] == name for source in _sources())


def _sources() -> list[dict[str, str]]:
    return read_json(CARD)["sources"]
