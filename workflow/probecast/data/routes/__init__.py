"""The ways in which a dataset's raw splits come to this machine, one module each.

``mirror`` a local folder, ``embedded`` a generator, ``hub`` the Hugging Face Hub, ``archive``
a zip file elsewhere, ``files`` and ``folder`` a user's own. Each has one function, ``fetch``,
that returns a ``Fetched``.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

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
    """

    route: Literal["mirror", "embedded", "hub", "archive", "files", "folder"]
    identifier: str
    splits: "dict[str, Dataset]"
    revision: str | None = None
