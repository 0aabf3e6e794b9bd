from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from probecast.evaluation.importance import explained, importance, left_out
from probecast.space import config_id
from probecast.trials import build_table

RATES, OPTIMIZERS, LAYERS = (0.001, 0.01, 0.1), ("SGD", "Adam"), (2, 3, 4)


def table(info, value):
    """A whole grid of one-epoch trials whose result is ``value(rate, optimizer, layers)``."""
    rows = []
    for rate, optimizer, layers in product(RATES, OPTIMIZERS, LAYERS):
        configuration = {"rate": rate, "optimizer": optimizer, "layers": layers}
        rows.append(row_of(info, configuration, value(rate, optimizer, layers)))
    return build_table(info, ["rate", "optimizer", "layers"], rows)


def row_of(info, configuration, result):
    return {
        "config_id": config_id(configuration),
        **configuration,
        "seed": 0,
        "epoch": info.epochs,
        **dict.fromkeys(("train_loss", "val_loss", "seconds", "flops"), 1.0),
        "val_metric": result,
        "test_metric": result,
        "status": "diverged" if np.isnan(result) else "ok",
    }


def test_what_decides_alone_explains_all(digits):
    shares = explained(table(digits.info, lambda rate, *_: 0.5 + rate), seed=0)
    assert shares == pytest.approx({"rate": 1, "optimizer": 0, "layers": 0}, abs=0.02)


def test_what_was_drawn_on_a_logarithmic_scale_counts_by_its_share(digits):
    generator, rows = np.random.default_rng(0), []
    for rate, momentum in zip(
        10 ** generator.uniform(-5, -1, 200), generator.random(200), strict=True
    ):
        configuration = {"rate": float(rate), "momentum": float(momentum)}
        result = 0.9 if rate < 1e-3 else 0.3
        rows.append(row_of(digits.info, configuration, result))
    shares = explained(build_table(digits.info, ["rate", "momentum"], rows), seed=0)
    assert shares["rate"] > 0.9
    assert shares["momentum"] < 0.1


def test_words_count_like_numbers_and_divergence_like_the_floor(digits):
    adam_only = table(digits.info, lambda _, name, __: 0.9 if name == "Adam" else np.nan)
    assert explained(adam_only, seed=0) == pytest.approx(
        {"rate": 0, "optimizer": 1, "layers": 0}, abs=0.02
    )


def test_a_trivial_predictor_that_none_beats_hides_nothing(digits):
    strong = replace(digits.info, floor_val=0.99)
    shares = explained(table(strong, lambda _, name, __: 0.9 if name == "Adam" else 0.2), seed=0)
    assert shares["optimizer"] == pytest.approx(1, abs=0.02)


def test_two_that_only_matter_together_explain_little_alone(digits):
    both = table(digits.info, lambda r, o, _: 0.9 if (r == 0.01) == (o == "Adam") else 0.2)
    shares = explained(both, seed=0)
    assert shares["rate"] < 0.2
    assert shares["optimizer"] < 0.3
    assert shares == explained(both, seed=0)


def test_nothing_is_explained_where_all_end_alike(digits):
    flat = table(digits.info, lambda *_: 0.5)
    assert np.isnan(list(explained(flat, 0).values())).all()
    many = replace(flat, hyperparameters=["rate"])
    assert left_out(many) == "all configurations end alike"


def test_too_few_configurations_rank_nothing_and_the_reason_is_said(digits, load):
    frame = importance([digits, load], seed=0)
    assert list(frame["task"].unique()) == ["digits-cnn", "load-lstm"]
    assert list(frame["hyperparameter"]) == ["learning_rate", "optimizer"] * 2
    assert frame["share"].isna().all()
    # Of the two, the optimizer is always the same.
    assert set(frame["left_out"]) == {
        "3 configurations are too few to rank 1 hyperparameters: at least 10 are needed"
    }
    assert left_out(table(digits.info, lambda rate, *_: rate)).startswith("18 configurations are")
    enough = replace(table(digits.info, lambda rate, *_: rate), hyperparameters=["rate"])
    assert left_out(enough) == ""
    shown = importance([replace(digits, sweep=enough)], seed=0)
    assert shown[["share", "left_out"]].values.tolist() == [[pytest.approx(1, abs=0.02), ""]]
