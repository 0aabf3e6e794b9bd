from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from probecast.report.drawing import limits, lines_of, sheet, worst_shown
from probecast.report.figures import metric
from probecast.report.figures.curves import curves_figure
from probecast.report.figures.finetuning import finetuning_figure
from probecast.report.figures.gain import gain_figure
from probecast.report.figures.ranks import ranks_figure, regrets_at
from probecast.report.figures.regret import regret_figure, regret_over_cost
from probecast.report.words import share, signed, tuner_label
from probecast.space import config_id
from probecast.tuners import TUNERS


def test_regret_over_cost_is_a_mean_over_all_tasks():
    rows = [
        ("a", 0, 1.0, 0.4),
        ("a", 1, 1.0, 0.2),
        ("a", 0, 3.0, 0.1),
        ("b", 0, 2.0, 0.5),
        ("b", 0, 3.0, 0.3),
    ]
    baselines = pd.DataFrame(rows, columns=["task", "repetition", "cost", "regret"])
    # Cost 1 has no recommendation on b; at cost 2, a keeps the mean of its two repetitions.
    expected = pd.DataFrame({2.0: [0.3, 0.5], 3.0: [0.1, 0.3]}, index=["a", "b"])
    pd.testing.assert_frame_equal(regret_over_cost(baselines), expected, check_names=False)


def test_an_exploding_error_does_not_flatten_the_axis(make_study):
    info = make_study(["a", "b"])["tasks"][1].info  # an error, floor 1.0
    low, high = limits(np.array([0.2, 0.5, 1e9, np.nan]), info, floor=1.0)
    assert low < 0.2
    assert 1.0 < high < 1.5


def test_probes_that_no_trivial_predictor_is_worse_than_are_shown(make_study):
    info = make_study(["a", "b"])["tasks"][1].info  # an error, floor 1.0
    errors = np.linspace(0.4, 0.9, 11)
    assert worst_shown(errors, info, 1.0) == 1.0
    assert worst_shown(errors, info, 0.7) == 0.7
    assert worst_shown(errors, info, 0.3) == pytest.approx(0.85)
    assert worst_shown(np.append(errors, [np.nan, np.inf]), info, 0.3) == pytest.approx(0.85)
    assert worst_shown(np.array([np.nan]), info, 0.3) == 0.3


def test_choices_that_no_trivial_predictor_is_worse_than_are_shown(make_study, monkeypatch):
    monkeypatch.setattr(metric, "picture", lambda figure, *words: figure)
    study = make_study(["a", "b"])
    task, scores = study["tasks"][1], study["scores"]  # an error
    rows = scores[scores["task"] == task.info.task]
    strong = replace(task.info, floor_test=float(rows["test_mean"].min()) / 4)
    sweep = replace(task.sweep, info=strong)
    figure = metric.metric_figure(rows, replace(task, sweep=sweep))
    drawn = figure.axes[0].get_xlim()
    for mean in rows["test_mean"].nsmallest(len(rows) - 1):  # one is far off
        assert drawn[0] < mean < drawn[1]


def test_limits_of_equal_values_have_a_width(make_study):
    info = make_study(["a"])["tasks"][0].info
    low, high = limits(np.array([0.5, 0.5]), info, floor=0.1)
    assert low < 0.5 < high


@pytest.mark.parametrize("sampled", [True, False])
def test_the_caption_counts_what_is_drawn(make_study, sampled):
    task = make_study(["a"], sampled)["tasks"][0]
    trials = len(task.sweep.curves())
    assert f"the sweep's {trials} trials" in curves_figure(task).caption
    assert "The 3 probes" in curves_figure(task).caption


def test_the_curves_say_how_many_ended_where_they_were_expected(make_study):
    task = make_study(["a"])["tasks"][0]
    ends = task.continued.curves().droplevel("seed")[5]

    def caption(continuations):
        pairs = zip(task.prediction.probes, continuations, strict=True)
        probes = [probe.model_copy(update={"continuation": points}) for probe, points in pairs]
        prediction = task.prediction.model_copy(update={"probes": probes})
        return curves_figure(replace(task, prediction=prediction)).caption

    believed = []
    for probe, wrong in zip(task.prediction.probes, (0.0, 0.2, 0.0), strict=True):
        end = ends[config_id(probe.configuration)] + wrong
        band = {"low": end - 0.1, "high": end + 0.1}
        believed.append([point.model_copy(update=band) for point in probe.continuation])
    assert "1 of 2 lay within" in caption(believed)  # the third was complete
    assert "nothing was left to predict" in caption([[], [], []])


def replayed(methods, tasks, costs=(1.0, 2.0)):
    """Runs in which every method is a little worse than the one before, on every task."""
    rows = [
        (f"task{task}", method, repetition, cost, (0.1 + 0.05 * place + 0.001 * task) / cost)
        for task in range(tasks)
        for place, method in enumerate(methods)
        for repetition in range(2)
        for cost in costs
    ]
    return pd.DataFrame(rows, columns=["task", "method", "repetition", "cost", "regret"])


def texts(svg):
    """All text that a reader of the file would see, piece by piece."""
    root = ElementTree.fromstring(svg.encode())
    return [" ".join("".join(e.itertext()).split()) for e in root.iter() if e.tag.endswith("text")]


def bars(svg):
    """How many lines with dots end beside the axes: those that join methods."""
    return svg.count("stroke-width: 2.5")


def test_figures_in_files_of_their_own_hold_every_name_title_and_caption():
    methods = [*TUNERS, *(f"somebody_elses_{number}" for number in range(16 - len(TUNERS)))]
    runs = replayed(methods, tasks=5)
    for picture in (regret_figure(runs, "a table", seed=0), ranks_figure(runs, 2, "a table")):
        found = texts(sheet(picture))
        assert {tuner_label(method) for method in methods} <= set(found)
        assert picture.title in found
        assert found[-1].replace("\xa0", " ") == picture.caption
    assert len(set(lines_of(methods).values())) == 16


def test_regret_that_rises_with_the_cost_is_marked():
    runs = replayed(["steady", "rising"], tasks=3)
    assert "No method's regret rises" in regret_figure(runs, "a table", seed=0).caption
    later = (runs["method"] == "rising") & (runs["cost"] == 2)
    runs.loc[later, "regret"] += 0.3
    caption = regret_figure(runs, "a table", seed=0).caption
    assert "A ring marks where" in caption
    assert "over tasks: rising at 2." in caption


def test_gains_are_drawn_by_task_and_of_one_task_by_method(make_study):
    many = texts(sheet(gain_figure(make_study(["digits", "load"])["scores"])))
    assert {"digits-cnn", "load-cnn"} <= set(many)
    study = make_study(["digits"], sampled=True)
    one = texts(sheet(gain_figure(study["scores"])))
    assert {"probecast (predicted), of 12", "sampled reference, of 6"} <= set(one)
    row = study["scores"].iloc[0]
    assert f"{signed(row['gain'])} ± {share(row['gain_error'])}" in one


def test_ranks_join_what_does_not_differ():
    everyone = ranks_figure(replayed(["a", "b", "c"], tasks=3), 1, "a table")
    assert bars(everyone.svg) == 1
    assert "no difference on only 3 tasks can be significant" in everyone.caption
    apart = ranks_figure(replayed(["a", "b", "c"], tasks=12), 1, "a table")
    assert bars(apart.svg) == 0
    assert "can be significant" not in apart.caption


def test_one_task_has_ranks_but_no_tests():
    runs = replayed(["a", "b"], tasks=1)
    picture = ranks_figure(runs, 1, "a table")
    assert "With one task, no test is possible" in picture.caption
    assert bars(picture.svg) == 0
    assert "mean rank over 1 task (1 is best)" in texts(sheet(picture))
    assert "none with a single task" in regret_figure(runs, "a table", seed=0).caption


@pytest.mark.parametrize("tasks", [1, 5])
def test_a_single_method_is_drawn(tasks):
    runs = replayed(["random"], tasks)
    assert "random" in texts(sheet(regret_figure(runs, "a table", seed=0)))
    picture = ranks_figure(runs, 1, "a table")
    assert "random" in texts(sheet(picture))
    assert "nothing to test" in picture.caption


def test_methods_without_some_tasks_are_named_and_not_ranked():
    runs = replayed(["a", "b", "late_one", "part"], tasks=6)
    runs = runs[(runs["method"] != "part") | (runs["task"] < "task4")]
    runs = runs[(runs["method"] != "late_one") | (runs["cost"] > 1)]
    ranks = ranks_figure(runs, 1, "a table")
    assert ranks.caption.endswith("on all tasks: late one (on 0), part (on 4).")
    assert {"a", "b"} <= set(texts(ranks.svg))
    assert "part" not in texts(ranks.svg)
    regret = regret_figure(runs, "a table", seed=0)
    assert regret.caption.endswith("Over fewer than the 6 tasks: part (4).")
    nobody = ranks_figure(runs[runs["method"] == "part"].assign(cost=3.0), 1, "a table")
    assert "nothing to test" in nobody.caption


def test_regrets_at_a_cost_are_of_the_last_recommendation_within_it():
    rows = [
        ("a", "x", 0, 1.0, 0.4),
        ("a", "x", 1, 1.0, 0.2),
        ("a", "x", 0, 3.0, 0.1),
        ("b", "x", 0, 2.0, 0.5),
        ("b", "y", 0, 3.0, 0.3),
    ]
    runs = pd.DataFrame(rows, columns=["task", "method", "repetition", "cost", "regret"])
    expected = pd.DataFrame({"x": [0.3, 0.5], "y": [np.nan] * 2}, index=["a", "b"])
    pd.testing.assert_frame_equal(regrets_at(runs, 2), expected, check_names=False)


def test_fine_tuning_is_drawn_with_intervals_and_the_record_beside_it():
    names = ["original", "original_scaled", "predicted"]
    summary = pd.DataFrame(
        [
            ("imdb-finetune", name, dataset, 0.8 + 0.01 * place, 0.7, 0.9)
            for dataset in ("imdb", "sst2")
            for place, name in enumerate(names)
        ],
        columns=["task", "settings", "dataset", "eval_accuracy", "accuracy_low", "accuracy_high"],
    )
    svg = sheet(finetuning_figure(summary, {"imdb-finetune": {"imdb": 0.856}}))
    ElementTree.fromstring(svg)
    for text in ("original scaled", "predicted", "accuracy on imdb", "accuracy on sst2"):
        assert f">{text}</text>" in svg
    with_both = sheet(
        finetuning_figure(summary, {"imdb-finetune": {"imdb": 0.856, "sst2": 0.487}})
    )
    assert with_both.count("stroke-dasharray") == svg.count("stroke-dasharray") + 1
