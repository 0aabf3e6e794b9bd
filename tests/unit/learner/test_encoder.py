import json
from dataclasses import replace

import numpy as np
import pytest

from kit.synthetic import few, quick_encoder, synthetic_task
from kit.tables import small_table
from probecast.errors import ProbecastError
from probecast.files import seal, sha256, write_json
from probecast.holdout import HoldOut
from probecast.learner.encoder import POOL, MetaEncoder
from probecast.learner.pretraining import pretrain

NEW = synthetic_task(99).info
CANDIDATES = list(synthetic_task(99).configurations().values())


def test_it_is_the_same_after_writing_and_reading(tmp_path):
    encoder = pretrain([few(number) for number in range(3)])
    encoder.write(tmp_path)
    again = MetaEncoder.read(tmp_path)
    one, two = (e.expect(NEW, CANDIDATES) for e in (encoder, again))
    assert one.rows == two.rows
    np.testing.assert_array_equal(one.posterior.mean, two.posterior.mean)
    np.testing.assert_array_equal(one.posterior.variance, two.posterior.variance)
    assert again.hash == encoder.hash == sha256(tmp_path / "encoder.safetensors")
    again.write(tmp_path / "copy")
    for name in ("encoder.safetensors", "card.json"):
        assert (tmp_path / name).read_bytes() == (tmp_path / "copy" / name).read_bytes()


def test_the_card_says_what_it_has_learnt_from(tmp_path):
    quick_encoder().write(tmp_path)
    card = json.loads((tmp_path / "card.json").read_text())
    source = card["sources"][3]
    assert (source["task"], source["family"], source["architecture"]) == ("t3-cnn", "f3", "cnn")
    assert source["rows"] == 90
    assert len(source["identities"]) == 18
    assert card["weights_sha256"] == sha256(tmp_path / "encoder.safetensors")


def test_weights_and_card_that_do_not_belong_together_are_refused(tmp_path):
    quick_encoder().write(tmp_path)
    weights = tmp_path / "encoder.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    seal(weights)
    with pytest.raises(ProbecastError, match=r"encoder\.safetensors: does not match card\.json"):
        MetaEncoder.read(tmp_path)
    weights.unlink()
    with pytest.raises(ProbecastError, match=r"encoder\.safetensors: the file is missing"):
        MetaEncoder.read(tmp_path)


@pytest.mark.parametrize("key", ["encoding", "sources", "calibration"])
def test_a_card_of_another_version_is_refused(tmp_path, key):
    quick_encoder().write(tmp_path)
    path = tmp_path / "card.json"
    card = json.loads(path.read_text())
    del card[key]
    write_json(path, card)
    with pytest.raises(ProbecastError, match="no meta-encoder of this version"):
        MetaEncoder.read(tmp_path)


def test_what_the_sources_have_tried_is_remembered_as_it_was():
    tables = [synthetic_task(number) for number in range(3)]
    encoder = pretrain(tables)
    expected = encoder.expect(NEW, CANDIDATES)
    ends = np.mean([s.curves[:, -1] for s in encoder.sources], axis=0)
    experts = expected.posterior.prior.means[:3, :, -1].mean(axis=0)
    assert experts == pytest.approx(ends[expected.rows])


def test_first_comes_what_was_best_on_the_targets_architecture():
    """Though two sources of another one speak against it."""
    good, bad = {0.1: [0.2, 0.3], 1.0: [0.5, 0.9]}, {0.1: [0.5, 0.9], 1.0: [0.2, 0.3]}
    tables = [
        small_table(bad, task="a-rnn", family="a"),
        small_table(bad, task="b-rnn", family="b"),
        small_table(good, task="c-cnn", family="c"),
    ]
    encoder = pretrain(tables)
    candidates = list(tables[0].configurations().values())

    def first(task):
        info = small_table(good, task=task, family="new").info
        return candidates[encoder.expect(info, candidates).rows[0]]["learning_rate"]

    assert first("new-cnn") == 1.0
    assert first("new-rnn") == 0.1
    assert first("new-lstm") == 0.1  # the majority


def test_a_space_that_no_source_knows_gives_the_same_expectation_for_all():
    foreign = [{"warmup": steps} for steps in range(6)]
    posterior = quick_encoder().expect(NEW, foreign).posterior
    assert np.ptp(posterior.mean[:, -1]) < 1e-9
    posterior.observe(np.array([len(posterior.mean[0]) - 1]), np.array([0.0]))
    # What is near in the unknown hyperparameter is thought alike, if anything is.
    assert posterior.mean[0, -1] < posterior.mean[1:, -1].min()


def test_the_pool_is_bounded_and_holds_each_candidate_once():
    many = [{**c, "layers": layers} for c in CANDIDATES for layers in range(2, 12)]
    rows = quick_encoder().expect(NEW, many).rows
    assert len(rows) == len(set(rows)) == POOL


def test_a_metric_that_cannot_be_compared_is_said():
    info = replace(NEW, metric="perplexity", floor_val=float("nan"))
    with pytest.raises(ProbecastError, match="no source has a metric .* with 'perplexity'"):
        quick_encoder().expect(info, CANDIDATES)


def test_a_planted_leak_is_found_before_any_prediction():
    with pytest.raises(ProbecastError, match="leak: family 'f3'"):  # learnt from f0 to f7
        quick_encoder().expect(synthetic_task(3).info, CANDIDATES)


def test_an_encoder_that_held_out_an_architecture_is_checked_for_that():
    rnns = [
        small_table({0.1: [0.2], 1.0: [0.3]}, task=f"{name}-rnn", family=name) for name in "abcd"
    ]
    same_family = small_table({0.1: [0.2]}, task="a-cnn", family="a").info
    encoder = pretrain(rnns, held_out=HoldOut("architecture", "cnn"))
    encoder.check_unseen(same_family)
    with pytest.raises(ProbecastError, match="architecture 'rnn'"):
        encoder.check_unseen(rnns[0].info)
