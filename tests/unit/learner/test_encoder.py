import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from kit.synthetic import few, quick_encoder, synthetic_task
from kit.tables import small_table
from probecast.errors import ProbecastError
from probecast.files import seal, sha256, write_json
from probecast.holdout import HoldOut
from probecast.learner import encoder as encoder_module
from probecast.learner.calibration import Calibration
from probecast.learner.encoder import MetaEncoder
from probecast.learner.pretraining import pretrain
from probecast.learner.strengths import EXPECTED
from probecast.space import config_id

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
    assert again.strengths == encoder.strengths
    assert again.lengthscales == encoder.lengthscales
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
    assert card["strengths"] == asdict(quick_encoder().strengths)
    assert card["lengthscales"] == quick_encoder().lengthscales
    assert card["calibration"] == asdict(quick_encoder().calibration)
    learnt = [card[part] for part in ("strengths", "lengthscales", "calibration")]
    assert card["parameters"] == sum(map(len, learnt)) == 14 + 3 + 4
    assert sorted(card["lengthscales"]) == ["layers", "learning_rate", "optimizer"]
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


@pytest.mark.parametrize(
    "key", ["encoding", "sources", "calibration", "strengths", "lengthscales"]
)
def test_a_card_of_another_version_is_refused(tmp_path, key):
    quick_encoder().write(tmp_path)
    path = tmp_path / "card.json"
    card = json.loads(path.read_text())
    del card[key]
    write_json(path, card)
    with pytest.raises(ProbecastError, match="no meta-encoder of this version"):
        MetaEncoder.read(tmp_path)


@pytest.mark.parametrize(
    "changes",
    [
        {"lengthscales": {"layers": 0.0}},
        {"lengthscales": {"layers": float("inf")}},
        {"strengths": {**asdict(EXPECTED), "ridge": -1.0}},
        {"strengths": {"ridge": 1.0, "other": 1.0}},
    ],
)
def test_a_card_that_cannot_have_been_learnt_is_refused(tmp_path, changes):
    quick_encoder().write(tmp_path)
    path = tmp_path / "card.json"
    card = json.loads(path.read_text()) | changes
    path.write_text(json.dumps(card))
    seal(path)
    with pytest.raises(ProbecastError, match=r"card\.json"):
        MetaEncoder.read(tmp_path)


@pytest.mark.parametrize("part", ["strengths", "lengthscales", "calibration"])
def test_what_the_weights_have_not_learnt_cannot_be_put_on_the_card(tmp_path, part):
    """Neither of them can be changed alone, and the encoder's hash is of all that was learnt."""
    quick_encoder().write(tmp_path)
    path = tmp_path / "card.json"
    card = json.loads(path.read_text())
    name = sorted(card[part])[0]
    card[part][name] *= 1.5
    path.write_text(json.dumps(card))
    seal(path)
    with pytest.raises(ProbecastError, match="learnt holds other numbers than the card"):
        MetaEncoder.read(tmp_path)


@pytest.mark.parametrize(
    "learnt",
    [
        {"strengths": replace(EXPECTED, noise=7.0)},
        {"lengthscales": {"layers": 2.0}},
        {"calibration": Calibration(finished=3.0)},
    ],
)
def test_what_has_learnt_otherwise_is_another_encoder(learnt):
    encoder = quick_encoder()
    same = {
        "strengths": encoder.strengths,
        "lengthscales": encoder.lengthscales,
        "calibration": encoder.calibration,
    }

    def made(**given):
        return MetaEncoder(encoder.encoding, encoder.sources, encoder.card, **given).hash

    assert made(**same) == encoder.hash
    assert made(**same | learnt) != encoder.hash


def test_without_a_family_it_knows_the_same_of_tasks_in_general():
    encoder = quick_encoder()
    left = encoder.without("f3")
    assert set(encoder.tasks) - set(left.tasks) == {"t3-cnn"}
    assert (left.strengths, left.lengthscales) == (encoder.strengths, encoder.lengthscales)
    left.check_unseen(synthetic_task(3).info)


def test_what_the_sources_have_tried_is_remembered_as_it_was():
    tables = [synthetic_task(number) for number in range(3)]
    encoder = pretrain(tables)
    # Nothing is thought luck, and all sources are as much like the target and of its size.
    encoder.strengths = replace(EXPECTED, smoothing=1e-9, likeness=1e-9)
    expected = encoder.expect(replace(NEW, meta_features={}), CANDIDATES)
    ends = np.mean([s.curves[:, -1] for s in encoder.sources], axis=0)
    experts = expected.posterior.prior.means[:3, :, -1].mean(axis=0)
    assert experts == pytest.approx(ends[expected.rows])


def test_most_is_expected_of_what_was_best_on_the_targets_architecture():
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
        expected = encoder.expect(small_table(good, task=task, family="new").info, candidates)
        best = np.argmax(expected.posterior.mean[:, -1])
        return candidates[expected.rows[best]]["learning_rate"]

    assert first("new-cnn") == 1.0
    assert first("new-rnn") == 0.1
    assert first("new-lstm") == 0.1  # the majority


def test_on_a_larger_task_more_is_expected_of_what_only_takes_longer():
    """Ten times the rows, and so the steps: as far as steps count, slow ones come as far."""
    told = {0.1: [0.1, 0.2, 0.4, 0.6], 1.0: [0.5, 0.8, 0.8, 0.8]}
    small, large = ({"log_rows": np.log(rows)} for rows in (100, 1000))
    tables = [small_table(told, family=f, task=f"{f}-cnn", meta_features=small) for f in "ab"]
    encoder = pretrain(tables)
    candidates = list(tables[0].configurations().values())

    def ends(meta_features, steps):
        encoder.strengths = replace(EXPECTED, steps=steps, smoothing=1e-9)
        target = small_table(told, family="new", task="new-cnn", meta_features=meta_features)
        expected = encoder.expect(target.info, candidates)
        slow = [candidates[row]["learning_rate"] for row in expected.rows].index(0.1)
        return expected.posterior.prior.means.shape[0], expected.posterior.mean[slow, -1]

    assert ends(large, 1e-3)[0] == 2 * 4  # each in time and late
    assert ends(large, 1e-3)[1] < ends(large, 1e3)[1] - 0.1
    assert ends(small, 1e3) == pytest.approx(ends(small, 1e-3))
    assert ends({}, 1e3) == pytest.approx(ends({}, 1e-3))
    assert ends({}, 1.0)[0] == 2 * 2


def test_a_beginning_at_the_floor_ends_no_candidate_since_the_task_may_learn_late():
    told = {0.1: [0.6, 0.8, 0.9], 1.0: [0.5, 0.6, 0.7]}
    encoder = pretrain([small_table(told, family=f, task=f"{f}-cnn") for f in "abcd"])
    target = small_table(told, family="new", task="new-cnn")

    def believed(late):
        encoder.strengths = replace(EXPECTED, late=late)
        expected = encoder.expect(target.info, list(target.configurations().values()))
        before = expected.posterior.mean[:, -1].copy()
        best = int(np.argmax(before))
        floor = expected.scale.to_unit([target.info.floor_val])
        expected.posterior.observe(np.array([best * len(expected.levels)]), floor)
        return expected.posterior.mean[best, -1] / before[best]

    assert believed(late=0.1) > believed(late=1e-9) + 0.1


def test_a_space_that_no_source_knows_gives_the_same_expectation_for_all():
    foreign = [{"warmup": steps} for steps in range(6)]
    posterior = quick_encoder().expect(NEW, foreign).posterior
    assert np.ptp(posterior.mean[:, -1]) < 1e-9
    posterior.observe(np.array([len(posterior.mean[0]) - 1]), np.array([0.0]))
    # What is near in the unknown hyperparameter is thought alike, if anything is.
    assert posterior.mean[0, -1] < posterior.mean[1:, -1].min()


def test_of_many_candidates_those_that_most_can_be_expected_of_are_considered(monkeypatch):
    encoder, levels = quick_encoder(), np.array([1, 2, 3, 5])
    all_ = encoder.expect(NEW, CANDIDATES)
    assert sorted(all_.rows) == list(range(18))
    monkeypatch.setattr(encoder_module, "POINTS", 7 * len(levels))
    some = encoder.expect(NEW, CANDIDATES)
    assert some.levels.tolist() == levels.tolist()
    assert len(some.rows) == len(set(some.rows)) == 7
    _, evidence = encoder.evidence(NEW, CANDIDATES, levels)
    assert evidence.curves.shape[1:] == (7, 4)
    assert evidence.kernel.shape == (7, 7)
    ends = np.mean([source.curves[:, -1] for source in encoder.sources], axis=0)
    left_out = sorted(set(range(18)) - set(some.rows))
    assert ends[some.rows].min() > np.median(ends[left_out])
    assert np.argmax(ends) in some.rows


def test_the_order_of_the_candidates_does_not_matter():
    there = quick_encoder().expect(NEW, CANDIDATES)
    back = quick_encoder().expect(NEW, CANDIDATES[::-1])
    order = [config_id(CANDIDATES[row]) for row in there.rows]
    assert order == [config_id(CANDIDATES[::-1][row]) for row in back.rows]
    np.testing.assert_array_equal(there.posterior.mean, back.posterior.mean)


def test_what_nobody_has_tried_goes_as_what_differs_where_it_matters_little():
    encoder, one = quick_encoder(), {"learning_rate": 0.01, "optimizer": "Adam"}
    tried = [{**one, "layers": layers} for layers in (2, 3, 4)]

    def said(layers):
        """Of layers nobody has tried, and of those tried; they may lie so far apart."""
        widths = {"learning_rate": 0.1, "optimizer": 0.1, "layers": layers}
        made = MetaEncoder(encoder.encoding, encoder.sources, encoder.card, EXPECTED, widths)
        rows, found = made.evidence(NEW, [{**one, "layers": 4.6}, *tried], np.array([5]))
        new, others = rows.index(0), [rows.index(row) for row in (1, 2, 3)]
        apart = found.curves[:, new] - found.curves[:, others].mean(axis=1)
        return np.abs(apart).max(), found.unknown[:, new].mean(), found.kernel[new, others]

    apart, unknown, alike = said(layers=100.0)
    assert apart < 0.1
    assert alike == pytest.approx(np.ones(3), abs=1e-3)
    strangers, nothing_known, unlike = said(layers=0.1)
    assert strangers > 0.2
    assert unlike == pytest.approx(np.zeros(3), abs=0.02)
    assert unknown < 0.2 * nothing_known


def test_what_is_rough_on_the_sources_is_noisy_and_its_like_are_too():
    jagged = {0.1: [0.2, 0.6, 0.3, 0.8, 0.5], 0.2: [0.2, 0.6, 0.3, 0.8, 0.6]}
    smooth = {rate: [0.2, 0.3, 0.4, 0.5, 0.7] for rate in (10.0, 20.0, 30.0)}
    tables = [small_table(jagged | smooth, task=f"{name}-cnn", family=name) for name in ("a", "b")]
    candidates = [{"learning_rate": rate} for rate in (0.1, 0.15, 20.0)]
    levels = np.array([1, 2, 3, 5])
    encoder = pretrain(tables)
    encoder.lengthscales = {"learning_rate": 0.1}
    rows, evidence = encoder.evidence(replace(NEW, family="new"), candidates, levels)
    rough = evidence.rough[np.argsort(rows)]
    assert rough[0].min() > 10 * rough[2].max()
    assert rough[1].min() > 10 * rough[2].max()


def test_the_reach_of_a_metric_that_cannot_be_compared_is_told_by_the_probes_alone():
    info = replace(NEW, metric="perplexity", floor_val=float("nan"), higher_is_better=False)
    encoder = quick_encoder()
    assert not encoder.is_comparable(info)
    assert encoder.is_comparable(NEW)
    scales = encoder.scales(info, [-500.0, -300.0])
    assert scales.offset.min() >= -1000 and scales.offset.max() <= -500
    assert scales.range.min() > 100 and scales.range.max() < 2000


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
