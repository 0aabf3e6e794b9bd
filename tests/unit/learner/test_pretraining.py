from dataclasses import replace

import numpy as np
import pytest

from benchmarks.ablations import shuffled
from kit.synthetic import quick_encoder, synthetic_task
from kit.tables import small_table
from probecast.encoding import Encoding
from probecast.errors import ProbecastError
from probecast.evaluation.replay import replay
from probecast.holdout import HoldOut
from probecast.learner import pretraining
from probecast.learner.calibration import Calibration
from probecast.learner.curves import Scale
from probecast.learner.encoder import MetaEncoder, Source
from probecast.learner.fitting import fit_strengths
from probecast.learner.outcomes import READING, outcome
from probecast.learner.pretraining import pretrain
from probecast.space import config_id
from probecast.trials import TrialTable

NAN = float("nan")


def mean_regret(encoder: MetaEncoder) -> float:
    """Of recommendations at a total cost of 1.5 on unseen tasks."""
    tables = [synthetic_task(number) for number in range(20, 40)]
    runs = [replay(table, [], encoder, ["probecast"], [1.5], 1, 0) for table in tables]
    return float(np.mean([run["regret"] for run in runs]))


def test_sources_whose_configurations_are_shuffled_raise_the_regret():
    sources = [synthetic_task(number) for number in range(8)]
    true = mean_regret(quick_encoder())
    false = mean_regret(pretrain([shuffled(table) for table in sources]))
    assert true < false / 2


def test_pretraining_again_gives_the_same_weights_bit_for_bit_in_any_order():
    tables = [synthetic_task(number) for number in range(3)]
    one, two = pretrain(tables), pretrain(tables[::-1])
    assert one.hash == two.hash
    assert one.card == two.card
    assert one.strengths == two.strengths
    assert one.lengthscales == two.lengthscales
    assert one.calibration == two.calibration


def test_nothing_to_learn_from_is_said():
    with pytest.raises(ProbecastError, match="no source tables"):
        pretrain([])
    with pytest.raises(ProbecastError, match="toy-cnn: all finished trials of a task end alike"):
        pretrain([small_table({0.1: [0.1, 0.1], 0.2: [NAN]}, floor=0.1)])


def test_a_table_that_tells_nothing_leaves_no_trace():
    telling = synthetic_task(0)
    frame = synthetic_task(1).frame.assign(warmup=0.1, val_metric=0.1)
    pairs = zip(frame[telling.hyperparameters].to_dict("records"), frame["warmup"], strict=True)
    frame["config_id"] = [config_id({**c, "warmup": w}) for c, w in pairs]
    dull = TrialTable(synthetic_task(1).info, [*telling.hyperparameters, "warmup"], frame)
    encoder = pretrain([telling, dull])
    assert encoder.tasks == [telling.info.task]
    assert encoder.encoding == pretrain([telling]).encoding


def test_so_many_families_say_how_sure_beliefs_may_be(monkeypatch):
    """At several costs, each time a part of a task, by an encoder that has not seen it."""
    played = []

    def recorded(table, encoder, cost, seed):
        encoder.check_unseen(table.info)
        played.append((table.info.family, cost, frozenset(table.configurations())))
        return outcome(table, encoder, cost, seed)

    monkeypatch.setattr(pretraining, "outcome", recorded)
    monkeypatch.setattr(pretraining, "CALIBRATION_TASKS", 4)
    monkeypatch.setattr(pretraining, "CALIBRATION_TRIALS", 9)
    encoder = pretrain([synthetic_task(number) for number in range(6)])
    families = dict.fromkeys(family for family, *_ in played)
    assert [(family, cost) for family, cost, _ in played] == [
        (family, cost) for family in families for cost in pretraining.CALIBRATION_COSTS
    ]
    assert len(families) == 4
    assert {len(part) for *_, part in played} == {9}
    assert len({part for *_, part in played}) == len(played)
    assert encoder.calibration != Calibration()


def test_two_families_say_nothing_of_how_sure_beliefs_may_be():
    assert pretrain([synthetic_task(number) for number in range(2)]).calibration == Calibration()


def plays_of(monkeypatch, tables):
    """What the strengths are learnt from."""
    found = []

    def recorded(plays):
        found.extend(plays)
        return fit_strengths(plays)

    monkeypatch.setattr(pretraining, "fit_strengths", recorded)
    assert np.isfinite(pretrain(tables).strengths.logs()).all()
    return found


def _families(evidence) -> list[str]:
    """Of every source, be it one expert or two."""
    met = dict(zip(evidence.sources.tolist(), evidence.families, strict=True))
    return sorted(met.values())


def test_strengths_are_learnt_from_sources_that_know_only_other_families(monkeypatch):
    tables = [synthetic_task(number) for number in range(4)]
    tables[1] = replace(tables[1], info=replace(tables[1].info, family="f0"))
    plays = plays_of(monkeypatch, tables)
    assert [_families(play.evidence) for play in plays] == [
        ["f2", "f3"],
        ["f2", "f3"],
        ["f0", "f0", "f3"],
        ["f0", "f0", "f2"],
    ]


def test_a_play_is_of_the_sources_own_curves(monkeypatch):
    """With some noise on what is known: tables may be smoother than a target is."""
    tables = [synthetic_task(number) for number in range(3)]
    plays = plays_of(monkeypatch, tables)
    for table, play in zip(tables, plays, strict=True):
        measured = Scale(table.info).to_unit(table.curves().to_numpy())
        for draw in play.draws:
            known, ends = np.split(draw.values, [draw.known])
            assert np.isin(ends.round(12), measured[:, -1].round(12)).all()
            away = np.abs(known[:, None] - measured.ravel()).min(axis=1)
            assert 0 < away.max() < 5 * READING * np.ptp(measured[:, -1])


def test_so_many_sources_and_candidates_are_played(monkeypatch):
    rates = {0.01 * i: [0.1 + 0.001 * i] for i in range(1, 80)}
    tables = [
        small_table(rates, task=f"s{i:02}-cnn", family=f"s{i:02}", floor=0.05) for i in range(18)
    ]
    plays = plays_of(monkeypatch, tables)
    assert len(plays) == pretraining.PLAYED
    size = pretraining.PROMISING + pretraining.RANDOM
    assert {play.evidence.curves.shape[1] for play in plays} == {size}


def test_sources_that_nothing_can_be_asked_of_teach_no_strengths(monkeypatch):
    """A metric that no other source has; or a single trial without a curve."""
    alone = small_table({0.1: [1.0], 0.2: [9.0]}, task="x-cnn", family="x", metric="loss")
    single = small_table({0.1: [0.7]}, task="y-cnn", family="y")
    others = [synthetic_task(number) for number in range(3)]
    assert len(plays_of(monkeypatch, [*others, replace_floor(alone), single])) == 3


def replace_floor(table):
    """The same without a floor, so that only its like can be compared."""
    return replace(table, info=replace(table.info, floor_val=NAN, floor_test=NAN))


def test_what_decides_on_the_sources_has_the_shorter_lengthscale():
    """Depth moves the accuracy of the synthetic tasks little, the learning rate much."""
    lengthscales = quick_encoder().lengthscales
    assert lengthscales["learning_rate"] < lengthscales["layers"]


def test_a_source_keeps_diverged_trials_and_drops_unfinished_ones():
    table = small_table({0.1: [0.55, NAN], 0.2: [0.1], 1.0: [0.55, 0.1, 1.0]}, floor=0.1)
    source = Source.of(table, Encoding.of([table]))
    assert sorted(source.curves[:, -1].tolist()) == pytest.approx([-0.2, 1])
    assert len(source.configurations) == len(source.identities) == 2


def test_a_planted_leak_is_found_before_training():
    tables = [synthetic_task(number) for number in range(2)]
    with pytest.raises(ProbecastError, match="'f1' is held out, but .* learns from t1-cnn"):
        pretrain(tables, held_out=HoldOut("family", "f1"))
