"""What comes with the project to learn from: trial tables, and a meta-encoder trained on them."""

from pathlib import Path

from probecast.files import read_json

PACKAGED = Path(__file__).parents[1] / "pretrained"  # in an installed package
FOLDER = PACKAGED if PACKAGED.exists() else Path(__file__).parents[2] / "pretrained"
ENCODER = FOLDER / "encoder.safetensors"
CARD = FOLDER / "card.json"


def tables() -> list[str]:
    """Return the paths of all shipped trial tables."""
    return sorted(map(str, (FOLDER / "trials").glob("*.parquet")))


def tables_without(kind: str, name: str) -> list[str]:
    """Return the paths of those that the shipped encoder has learnt from, but for some.

    Args:
        kind: what is held out: a family or an architecture; anything else holds out nothing.
        name: its name.
    """
    sources = read_json(CARD)["sources"]
    left = {source["task"] for source in sources if source.get(kind) != name}
    return [path for path in tables() if Path(path).stem in left]
