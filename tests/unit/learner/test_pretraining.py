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
from probecast.learner.encoder import MetaEncoder, Source
from probecast.learner.outcomes import outcomes
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
    predicted = []

    def recorded(table, *rest):
        predicted.append(table.info.family)
        return outcomes(table, *rest)

    monkeypatch.setattr(pretraining, "outcomes", recorded)
    pretrain([synthetic_task(number) for number in range(14)])
    assert len(set(predicted)) == len(predicted) == pretraining.CALIBRATION_TASKS


def test_a_source_keeps_diverged_trials_and_drops_unfinished_ones():
    table = small_table({0.1: [0.55, NAN], 0.2: [0.1], 1.0: [0.55, 0.1, 1.0]}, floor=0.1)
    source = Source.of(table, Encoding.of([table]))
    assert sorted(source.curves[:, -1].tolist()) == pytest.approx([-0.2, 1])
    assert len(source.configurations) == len(source.identities) == 2


def test_a_planted_leak_is_found_before_training():
    tables = [synthetic_task(number) for number in range(2)]
    with pytest.raises(ProbecastError, match="'f1' is held out, but .* learns from t1-cnn"):
        pretrain(tables, held_out=HoldOut("family", "f1"))
