"""From raw files to tensors: ``{train,val,test}.safetensors`` and ``spec.json``."""

from pathlib import Path

import torch

from probecast.console import logger
from probecast.data.meta_features import describe
from probecast.data.modalities import Prepared, get_prepare
from probecast.data.raw import open_raw
from probecast.data.settings import PreprocessSettings
from probecast.data.sources import Source
from probecast.data.spec import DataSpec, write_tensors
from probecast.data.user.source import find_source
from probecast.errors import ProbecastError
from probecast.files import read_json
from probecast.metrics import BLANK, get_metric

FLOORS = ("accuracy", "mse", "wer")
"""The metrics that modalities know the floor of."""

ALIKE = {
    "image": (
        "images",
        "bring others, raise `resolution`, or, where white is drawn on transparency, write "
        "`ground: black` under `datasets.{dataset}.own`",
    ),
    "text": ("texts", "bring more, raise `sequence_length`, or name another column"),
    "series": ("windows", "bring others"),
    "speech": ("recordings", "bring others"),
}
"""What inputs are called, and what to do where all are alike."""

MODALITIES_OF_SETTING = {
    "classes": ("image", "text"),
    "label_noise": ("image", "text"),
    "resolution": ("image",),
    "sequence_length": ("text", "series"),
    "pretrained": ("text",),
}


def preprocess(raw: Path, out: Path, settings: PreprocessSettings) -> DataSpec:
    """Make tensors and a spec in ``out`` of what ``download`` wrote to ``raw``.

    Everything is made in memory before anything is written, and ``spec.json`` is written
    last: a folder with a spec is complete.

    Raises:
        ProbecastError: the raw files or the settings do not allow it; the message names the
            file, the column or key, and the remedy.
    """
    source = find_source(settings.dataset, settings.source, settings.own)
    _check_settings(settings, source)
    provenance = read_json(raw / "source.json")
    prepared = get_prepare(source.modality)(raw, source, settings)
    inputs = {split: tensors["inputs"] for split, tensors in prepared.tensors.items()}
    check_alike(inputs["train"], raw, source, settings)
    spec = DataSpec(
        dataset=settings.dataset,
        family=source.family,
        modality=source.modality,
        input_kind=prepared.input_kind,
        input_shape=tuple(inputs["train"].shape[1:]),
        output_kind=prepared.output_kind,
        output_size=prepared.output_size,
        metric=source.metric,
        rows={split: len(x) for split, x in inputs.items()},
        floor=prepared.floor if source.metric in FLOORS else constant_floor(source, prepared),
        vocabulary_size=len(prepared.vocabulary) if prepared.input_kind == "tokens" else 0,
        meta_features=describe(prepared, source.modality),
        vocabulary=prepared.vocabulary,
        pretrained=settings.pretrained,
        provenance={
            **provenance,
            "settings": settings.model_dump(),
            "preprocessing": prepared.notes,
        },
    )
    (out / "spec.json").unlink(missing_ok=True)
    for split, tensors in prepared.tensors.items():
        write_tensors(out / f"{split}.safetensors", tensors)
    spec.write(out / "spec.json")
    if settings.own is not None:
        tell(spec, raw, prepared)
    return spec


def tell(spec: DataSpec, raw: Path, prepared: Prepared) -> None:
    """Log what became of a user's data: examples by split, and what the modality has to say."""
    val = "" if (raw / "val.parquet").exists() else " (taken of the training rows)"
    logger.info(
        "%s: examples: %d to train, %d to validate%s, %d to test; %d in the raw files",
        *(spec.dataset, spec.rows["train"], spec.rows["val"], val, spec.rows["test"]),
        sum(file.row_count for file in open_raw(raw).values()),
    )
    for fact in prepared.facts:
        logger.info("  %s", fact)


def check_alike(
    inputs: torch.Tensor, raw: Path, source: Source, settings: PreprocessSettings
) -> None:
    """Raise ProbecastError if all training inputs (B, ...) are alike: nothing can be learnt."""
    if len(inputs) < 2 or not (inputs == inputs[:1]).all():
        return
    what, remedy = ALIKE[source.modality]
    raise ProbecastError(
        f"{raw / 'train.parquet'}: all {len(inputs)} chosen {what} of dataset "
        f"{settings.dataset!r} are alike as they are read, so there is nothing to learn; "
        f"{remedy.format(dataset=settings.dataset)}."
    )


def constant_floor(source: Source, prepared: Prepared) -> dict[str, float]:
    """Return what the best constant prediction reaches on val and test in any other metric.

    Classes are scored by their frequency in the training split, values predicted by their mean
    there; of characters, the blank is always the likeliest.
    """
    targets = prepared.tensors["train"]["targets"]
    if prepared.output_kind == "classes":
        constant = targets.bincount(minlength=prepared.output_size).float()
    elif prepared.output_kind == "values":
        constant = targets.mean(0)
    else:
        constant = torch.eye(prepared.output_size)[BLANK].expand(1, -1)  # one step
    metric, floor = get_metric(source.metric), {}
    for split in ("val", "test"):
        batch = prepared.tensors[split]
        examples = len(batch["targets"])
        outputs = constant.expand(examples, *constant.shape)
        if prepared.output_kind == "characters":
            outputs = outputs, torch.ones(examples, dtype=torch.int64)
        total, count = metric.compute(outputs, batch, prepared.vocabulary)
        floor[split] = total / count
    return floor


def _check_settings(settings: PreprocessSettings, source: Source) -> None:
    """Refuse a setting that would have no effect."""
    for key, modalities in MODALITIES_OF_SETTING.items():
        if getattr(settings, key) and source.modality not in modalities:
            raise ProbecastError(
                f"dataset {settings.dataset!r}: {key} is set, but it is for "
                f"{' and '.join(modalities)}; {source.name} is {source.modality}. Remove {key}."
            )
