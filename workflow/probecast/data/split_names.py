"""What people call the splits of their data: one list, for folders, files, columns and the Hub."""

from collections.abc import Iterable

USUAL = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation", "dev", "development"),
    "test": ("test", "testing", "eval", "evaluation"),
}
"""Our split -> its usual names, those that ``datasets`` knows among them."""

_SPLIT_OF = {name: split for split, names in USUAL.items() for name in names}


def split_of(name: object) -> str | None:
    """Return the split that a name means, in any letter case, or None.

    >>> split_of("Validation"), split_of("cats")
    ('val', None)
    """
    return _SPLIT_OF.get(name.strip().lower()) if isinstance(name, str) else None


def by_split(names: Iterable[str]) -> dict[str, str]:
    """Return our split -> the name that means it, in our order; other names are left out.

    Raises:
        ValueError: two names mean the same split.
    """
    found: dict[str, str] = {}
    for name in sorted(names):
        split = split_of(name)
        if split is not None and found.setdefault(split, name) != name:
            raise ValueError(
                f"{found[split]!r} and {name!r} both mean the split {split!r}; keep one, or join "
                "them"
            )
    return {split: found[split] for split in USUAL if split in found}
