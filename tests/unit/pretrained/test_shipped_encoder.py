"""The shipped meta-encoder has learnt from the shipped tables, all of them and nothing else."""

from dataclasses import replace
from pathlib import Path

import pytest

from probecast.errors import ProbecastError
from probecast.holdout import NOTHING, HoldOut
from probecast.learner import shipped
from probecast.learner.curves import normalise
from probecast.learner.encoder import MetaEncoder
from probecast.trials import read_table

ENCODER = MetaEncoder.read(shipped.FOLDER)


def test_it_has_learnt_from_every_shipped_table_that_tells_anything():
    tables = {Path(path).stem: read_table(path) for path in shipped.tables()}
    assert ENCODER.tasks == sorted(task for task in tables if normalise(tables[task]))
    assert len(tables) - len(ENCODER.tasks) <= 2
    assert ENCODER.card["held_out"] is None
    for source in ENCODER.sources:
        table = tables[source.info["task"]]
        assert len(source.identities) == table.without_repeats().frame["config_id"].nunique()


def test_it_is_written_again_as_it_was_read(tmp_path):
    ENCODER.write(tmp_path)
    for file in (shipped.ENCODER, shipped.CARD):
        assert (tmp_path / file.name).read_bytes() == file.read_bytes()


def test_it_expects_something_of_a_task_of_a_new_family_and_refuses_an_old_one():
    info = read_table(shipped.tables()[0]).info
    candidates = [
        {
            **{"learning_rate": rate, "batch_size": 64, "layers": 2, "neurons": 128},
            **{"dropout": 0.1, "optimizer": optimizer},
        }
        for rate in (0.001, 0.01, 0.1)
        for optimizer in ("SGD", "Adam")
    ]
    with pytest.raises(ProbecastError, match="leak"):
        ENCODER.expect(info, candidates)
    new = replace(info, family="mine", dataset="mine", task="mine-rnn")
    expected = ENCODER.expect(new, candidates)
    best = candidates[expected.rows[expected.posterior.mean[:, -1].argmax()]]
    assert best["learning_rate"] < 0.1 or best["optimizer"] == "SGD"  # Adam at .1 learns nothing


def test_what_is_held_out_is_left_out():
    for nothing in (HoldOut("family", "mine"), NOTHING):
        assert [Path(path).stem for path in shipped.tables_without(nothing)] == ENCODER.tasks
    left = {Path(path).stem for path in shipped.tables_without(HoldOut("family", "digits"))}
    assert left
    assert not any(task.startswith("digits") for task in left)
    left = shipped.tables_without(HoldOut("architecture", "cnn"))
    assert not any(path.endswith("-cnn.parquet") for path in left)
