import numpy as np
import pytest
import torch

from probecast.errors import ProbecastError
from probecast.evaluation.replay import replay
from probecast.meta.encoder import CurveNetwork, MetaEncoder
from probecast.meta.encoding import Encoding
from probecast.meta.posterior import Points, Posterior
from probecast.meta.pretraining import Source, draw_episode, pretrain
from probecast.meta.scaling import unit_curves
from probecast.meta.settings import ProbeSettings
from probecast.meta.sources import check_no_leak, describe_sources
from synthetic import QUICK, quick_encoder, synthetic_task
from tables import small_table

NAN = float("nan")


def untrained(seed: int) -> MetaEncoder:
    torch.manual_seed(seed)
    trained = quick_encoder()
    networks = [CurveNetwork(trained.encoding.size, QUICK.width, QUICK.features) for _ in range(2)]
    return MetaEncoder(trained.encoding, networks, trained.card)


def surprise(encoder: MetaEncoder) -> float:
    """Mean negative log-likelihood of unseen tasks' final values after three short probes."""
    scores = []
    for number in range(8, 14):
        table = synthetic_task(number)
        configurations = [c for _, c in sorted(table.configurations().items())]
        curves = unit_curves(table)
        probed = np.random.default_rng(number).permutation(18)[:3]
        posterior = Posterior(
            encoder.priors(table.info, configurations, [1, 5]),
            Points(probed, np.zeros(3, dtype=int)),
            curves[probed, 0],
        )
        finals = Points(np.arange(18), np.ones(18, dtype=int))
        variance = np.diag(posterior.covariance(finals, finals)) + posterior.noise
        error = curves[:, -1] - posterior.mean(finals)
        scores.append(0.5 * np.mean(np.log(2 * np.pi * variance) + error**2 / variance))
    return float(np.mean(scores))


def mean_regret(encoder: MetaEncoder) -> float:
    """Of recommendations after two short probes on unseen tasks."""
    probes = ProbeSettings(count=2)
    tables = [synthetic_task(number) for number in range(20, 40)]
    runs = [replay(table, [], encoder, ["probecast"], [2], 1, 0, probes) for table in tables]
    return float(np.mean([run["regret"] for run in runs]))


def test_what_was_learnt_from_other_tasks_predicts_new_ones():
    assert surprise(quick_encoder()) < surprise(untrained(seed=0)) - 1


def test_recommendations_are_better_than_with_random_weights():
    random = np.mean([mean_regret(untrained(seed)) for seed in range(2)])
    assert mean_regret(quick_encoder()) < random / 2


def test_pretraining_again_gives_the_same_weights_bit_for_bit_in_any_order():
    tables = [synthetic_task(number) for number in range(3)]
    settings = QUICK.model_copy(update={"steps": 5})
    one, two = pretrain(tables, settings), pretrain(tables[::-1], settings)
    assert one.hash == two.hash
    assert one.card == two.card
    other = pretrain(tables, settings, seed=1)
    assert other.hash != one.hash


def test_each_network_leaves_out_a_part_of_the_families():
    settings = QUICK.model_copy(update={"steps": 1, "networks": 4})
    tables = [synthetic_task(number) for number in range(3)]
    assert len(pretrain(tables, settings).networks) == 3
    assert len(pretrain(tables[:1], settings).networks) == 1


def test_a_task_of_one_family_alone_leaves_the_beliefs_wide():
    settings = QUICK.model_copy(update={"steps": 1})
    encoder = pretrain([synthetic_task(0)], settings)
    assert encoder.networks[0].log_inflation.exp().tolist() == pytest.approx([2, 2, 2])


def test_it_is_light():
    assert quick_encoder().parameters < 1_000_000


def test_nothing_to_learn_from_is_said():
    with pytest.raises(ProbecastError, match="no source tables"):
        pretrain([], QUICK)


def test_a_sweep_without_a_finished_trial_is_named():
    with pytest.raises(ProbecastError, match="toy-cnn: no trial reaches epoch 2"):
        pretrain([small_table({0.1: [0.2]}), _unfinished()], QUICK)


def _unfinished():
    table = small_table({0.1: [0.2, 0.3], 1.0: [0.2, 0.3]}, family="other")
    return type(table)(table.info, table.hyperparameters, table.frame[table.frame["epoch"] == 1])


def test_a_source_keeps_diverged_trials_and_drops_unfinished_ones():
    table = small_table({0.1: [0.55, NAN], 0.2: [0.1], 1.0: [0.55, 0.1, 1.0]}, floor=0.1)
    source = Source.of(table, Encoding.of([table]))
    assert sorted(source.curves[:, -1].tolist()) == [0, 1]
    assert len(source.configurations) == 2


def test_an_episode_asks_for_every_end_and_knows_only_beginnings():
    table = synthetic_task(0, epochs=9)
    encoding = Encoding.of([table])
    source = Source.of(table, encoding)
    generator = np.random.default_rng(0)
    for _ in range(50):
        episode = draw_episode(source, encoding, 6, generator)
        known, asked = episode.fraction[: episode.known], episode.fraction[episode.known :]
        assert (known <= 3 / 9 + 1e-9).all()
        assert (asked == 1).sum() == 6
        ends = episode.trial[episode.known :][asked == 1]
        assert set(episode.trial.tolist()) == set(ends.tolist())


def test_a_planted_leak_is_found_before_training_and_before_any_prediction():
    tables = [synthetic_task(number) for number in range(2)]
    with pytest.raises(ProbecastError, match="'f1' is held out, but .* learns from t1-cnn"):
        pretrain(tables, QUICK, held_out=("family", "f1"))
    leaky = quick_encoder()  # learnt from f0 to f7
    with pytest.raises(ProbecastError, match="leak: family 'f3'"):
        leaky.priors(synthetic_task(3).info, [{"learning_rate": 0.1}], [1])
    check_no_leak(describe_sources(tables), "family", "f2")


def test_an_encoder_that_held_out_an_architecture_is_checked_for_that():
    rnn = small_table({0.1: [0.2], 1.0: [0.3]}, task="a-rnn", family="a")
    same_family = small_table({0.1: [0.2]}, task="a-cnn", family="a").info
    settings = QUICK.model_copy(update={"steps": 1})
    encoder = pretrain([rnn], settings, held_out=("architecture", "cnn"))
    encoder.check_unseen(same_family)
    with pytest.raises(ProbecastError, match="architecture 'rnn'"):
        encoder.check_unseen(rnn.info)
