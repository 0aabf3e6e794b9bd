"""The ways in which a dataset's raw splits come to this machine, one module each.

``mirror`` a local folder, ``hub`` the Hugging Face Hub, ``archive`` a zip file elsewhere,
``files`` and ``folder`` a user's own; ``embedded``, a generator, needs none. Each has one function
``fetch``, whose ``cache`` is an empty folder for the time being that splits are mapped from.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from probecast.data.user.account import Account

if TYPE_CHECKING:
    from datasets import Dataset


@dataclass(frozen=True)
class Fetched:
    """Raw splits, and where they came from.

    Attributes:
        route: the module that fetched them.
        identifier: folder, file, generator, repository or address.
        splits: ``train``, ``test`` and, where there is one, ``val``.
        revision: the Hub's commit; None on the other routes.
        account: what is to be told of a user's data when they are read.
    """

    route: Literal["mirror", "embedded", "hub", "archive", "files", "folder"]
    identifier: str
    splits: "dict[str, Dataset]"
    revision: str | None = None
    account: Account = field(default_factory=Account)


def first_rows(split: "Dataset", limit: int | None) -> "Dataset":
    """Return at most ``limit`` rows of a split, None for all."""
    return split if limit is None else split.select(range(min(limit, len(split))))
