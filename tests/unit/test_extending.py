"""docs/extending.md, followed to the letter from outside the package."""

import importlib
import re
import sys
from pathlib import Path

import pytest
import torch

from kit.markdown import blocks
from probecast.data.modalities import Prepared
from probecast.data.preprocess import constant_floor
from probecast.data.sources import SOURCES, Source
from probecast.data.spec import DataSpec
from probecast.metrics import METRICS
from probecast.networks import ARCHITECTURES
from probecast.tuners import TUNERS

PAGE = Path(__file__).parents[2] / "docs" / "extending.md"
REGISTRIES = (SOURCES, ARCHITECTURES, TUNERS, METRICS)


@pytest.fixture(params=["accuracy", "top2"])
def followed(tmp_path, monkeypatch, request):
    """What the page's program has computed, run among the page's files, by its metric's name."""
    before = [dict(registry) for registry in REGISTRIES]
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    program, files = [], []
    for block in blocks(PAGE, "python"):
        name = re.match(r"# (\w+)\.py\n", block)
        if name:
            named = block.replace('metric="accuracy"', f'metric="{request.param}"')
            Path(f"{name[1]}.py").write_text(named)
            files.append(name[1])
        else:
            program.append(block)
    importlib.invalidate_caches()
    computed = {}
    try:
        for part in program:
            exec(compile(part, str(PAGE), "exec"), computed)
        yield request.param, computed
    finally:
        for registry, entries in zip(REGISTRIES, before, strict=True):
            registry.clear()
            registry.update(entries)
        for name in files:
            sys.modules.pop(name, None)


def test_one_of_each_is_added_and_used(followed):
    metric, followed = followed
    spec = followed["spec"]
    assert spec == DataSpec.read("results/data/stripes/spec.json")
    assert (spec.metric, spec.output_size, spec.rows["train"]) == (metric, 4, 150)
    guessed = {"accuracy": 1, "top2": 2}[metric]  # of four classes
    assert 0.2 * guessed < spec.floor["test"] < 0.35 * guessed
    table = followed["table"]
    assert (table.info.task, table.info.metric) == ("stripes-mlp", metric)
    assert table.frame["val_metric"].max() > spec.floor["val"] + 0.1  # it has learnt
    assert (table.frame["flops"] > 0).all()
    compared = followed["compared"]
    assert set(compared["method"]) == {"careful", "random"}
    first = compared[(compared["method"] == "careful") & (compared["cost"] == 1)]
    configurations = table.configurations()
    assert configurations[first["config_id"].item()]["learning_rate"] == 0.001


@pytest.mark.parametrize(
    ("kind", "metric", "train", "test", "vocabulary", "floor"),
    [
        ("classes", "accuracy", [0, 1, 1], [1, 0, 1, 1], [], 0.75),
        ("values", "mse", [[0.0, 2.0], [2.0, 4.0]], [[1.0, 5.0]], [], 2.0),
        ("characters", "wer", [[1, 1]], [[1, 1], [1, 0]], ["_", "A"], 1.0),
    ],
)
def test_the_floor_of_a_constant_prediction(kind, metric, train, test, vocabulary, floor):
    splits = {"train": torch.tensor(train), "val": torch.tensor(test), "test": torch.tensor(test)}
    tensors = {name: {"targets": targets} for name, targets in splits.items()}
    for split in tensors.values():
        split["target_lengths"] = torch.tensor([2] * len(split["targets"]))
    size = 2
    prepared = Prepared(tensors, "image", kind, size, {}, vocabulary)
    source = Source("any", "any", "image", metric)
    assert constant_floor(source, prepared) == {"val": floor, "test": floor}
