"""Where datasets come from.

A new source is one line here and one module with a ``SOURCE`` or, where a download from the Hub
is all that is needed, a row of the table in ``hub``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, TypeAlias

from probecast.data.spec import Modality
from probecast.errors import ProbecastError, suggest

if TYPE_CHECKING:
    from datasets import DatasetDict

Splits: TypeAlias = "DatasetDict"

SOURCES = {
    "digits": "probecast.data.sources.digits",
    "glyphs": "probecast.data.sources.glyphs",
    "docs_topic": "probecast.data.sources.docs_topic",
    "docs_kind": "probecast.data.sources.docs_kind",
    "scenes": "probecast.data.sources.scenes",
    "opinions": "probecast.data.sources.opinions",
    "questions": "probecast.data.sources.questions",
    "code_library": "probecast.data.sources.code_library",
    "load": "probecast.data.sources.load",
    "load_summer": "probecast.data.sources.load_summer",
    "spoken": "probecast.data.sources.spoken",
    **dict.fromkeys(("mnist", "cifar10", "imdb", "ag_news", "sst2"), "probecast.data.sources.hub"),
    "electricity": "probecast.data.sources.electricity",
    "librispeech": "probecast.data.sources.hub",
}


@dataclass(frozen=True)
class HubDataset:
    """A dataset on the Hugging Face Hub.

    Attributes:
        path: repository id, e.g. ``"ylecun/mnist"``.
        config: configuration name, or None for the only one.
        splits: our raw split (``train``, ``test``, optionally ``val``) -> the Hub's split.
        rows: the row counts its page states per raw split; None = recorded on first download.
        revision: commit to fetch; None = recorded on first download, then held.
    """

    path: str
    splits: dict[str, str]
    config: str | None = None
    rows: dict[str, int] | None = None
    revision: str | None = None


@dataclass(frozen=True)
class Source:
    """One registered source.

    Attributes:
        name: its name in ``SOURCES``.
        family: what every dataset made from it descends from.
        modality: decides how it is preprocessed.
        metric: ``accuracy``, ``mse``, ``wer``, or another name in ``metrics``.
        input_column: the image, text or audio column. Series are wide tables with a
            ``timestamp`` column and one column per client: None.
        target_column: label or transcript column; None for series.
        hub: where it lies on the Hub, if it does.
        archive: address of a zip archive outside the Hub, if it lies in one.
        read_archive: turns that archive's file into the raw splits.
        generate: makes the raw splits without network: ``generate(rows, seed)`` where
            ``rows`` maps ``train`` and ``test`` to the number of rows wanted (fewer may
            be returned when there are no more).
    """

    name: str
    family: str
    modality: Modality
    metric: str
    input_column: str | None = None
    target_column: str | None = None
    hub: HubDataset | None = None
    archive: str | None = None
    read_archive: Callable[[str], Splits] | None = None
    generate: Callable[[dict[str, int], int], Splits] | None = None


def get_source(name: str) -> Source:
    """Return the registered source called ``name``; raises ProbecastError if there is none."""
    if name not in SOURCES:
        raise ProbecastError(f"unknown dataset source {name!r}. {suggest(name, list(SOURCES))}")
    module = import_module(SOURCES[name])
    return module.SOURCE if hasattr(module, "SOURCE") else module.DATASETS[name]
