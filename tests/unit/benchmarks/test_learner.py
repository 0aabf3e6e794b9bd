"""On small made-up tables; what is real is played by ``make bench-learner``."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks import learner
from benchmarks.learner import OURS, Protocol, Unit, play, results, summary, targets, units
from kit.synthetic import synthetic_task
from probecast.errors import ProbecastError
from probecast.space import config_id

METHODS = ["random"]


def of_family(number: int):
    """Tasks 0 and 1 are of one family, 2 and 3 of another, and so on."""
    table = synthetic_task(number)
    return replace(table, info=replace(table.info, family=f"f{number // 2}"))


@pytest.fixture
def tables(monkeypatch):
    """Six tasks of three families, replayed once on halves as the shipped ones are."""
    found = tuple(of_family(number) for number in range(6))
    monkeypatch.setattr(learner, "tables_of", lambda name: found)
    protocol = Protocol((1, 2), noise=0.0, repetitions=1, halves=2)
    monkeypatch.setitem(learner.PROTOCOLS, "made-up", protocol)
    return found


def identities(table):
    return {config_id(c) for c in table.configurations().values()}


def test_halves_are_of_what_all_have_tried_and_the_same_again(tables, monkeypatch):
    tried = sorted(tables[0].configurations())
    left_out = tables[3].frame["config_id"] == tried[0]
    fewer = replace(tables[3], frame=tables[3].frame[~left_out].reset_index(drop=True))
    common = (*tables[:3], fewer)
    monkeypatch.setattr(learner, "tables_of", lambda name: common)
    halves = [identities(half) for _, half in targets("made-up", tables[0])]
    again = [identities(half) for _, half in targets("made-up", tables[0])]
    assert [len(half) for half in halves] == [17 // 2] * 2
    assert halves == again
    assert halves[0] != halves[1]
    assert set.union(*halves) <= identities(fewer)
    other = [identities(half) for _, half in targets("made-up", tables[1])]
    assert other != halves


def test_without_halves_all_candidates_are_played_at_once(tables, monkeypatch):
    monkeypatch.setitem(learner.PROTOCOLS, "made-up", Protocol((1, 2)))
    ((number, target),) = targets("made-up", tables[0])
    assert number == 0
    assert target is tables[0]


def test_families_are_held_out_together(tables):
    found = units("made-up", None)
    assert [unit.tasks for unit in found] == [
        ("t0-cnn", "t1-cnn"),
        ("t2-cnn", "t3-cnn"),
        ("t4-cnn", "t5-cnn"),
    ]
    assert [unit.repetitions for unit in found] == [1] * 3
    assert [unit.repetitions for unit in units("made-up", 7)] == [7] * 3


def test_where_every_task_is_a_family_of_its_own_folds_are_those_of_a_study(monkeypatch):
    found = tuple(synthetic_task(number) for number in range(22))
    monkeypatch.setattr(learner, "tables_of", lambda name: found)
    monkeypatch.setitem(learner.PROTOCOLS, "made-up", Protocol((1,)))
    held_out = [unit.tasks for unit in units("made-up", 2)]
    assert len(held_out) == 10
    assert sorted(task for tasks in held_out for task in tasks) == sorted(
        table.info.task for table in found
    )


def test_no_family_of_a_fold_is_learnt_from(tables, tmp_path, monkeypatch):
    seen = []
    replay = learner.replay

    def watched(table, sources, **rest):
        seen.append((table.info.family, {source.info.family for source in sources}))
        return replay(table, sources, **rest)

    monkeypatch.setattr(learner, "replay", watched)
    play(Unit("made-up", ("t2-cnn", "t3-cnn"), 1), METHODS, tmp_path)
    assert seen == [("f1", {"f0", "f2"})] * 4  # two tasks, two halves


def test_what_is_finished_is_kept_and_not_done_again(tables, tmp_path, monkeypatch):
    unit = Unit("made-up", ("t0-cnn", "t1-cnn"), 1)
    path = play(unit, METHODS, tmp_path)
    kept = path.read_bytes()
    monkeypatch.setattr(learner, "replay", None)  # would fail
    assert play(unit, METHODS, tmp_path) == path
    assert path.read_bytes() == kept
    others = [
        unit.path(tmp_path, [OURS]),
        unit.path(tmp_path, ["random", "portfolio"]),
        replace(unit, repetitions=2).path(tmp_path, METHODS),
        replace(unit, tasks=("t2-cnn",)).path(tmp_path, METHODS),
    ]
    assert len({path, *others}) == 5
    monkeypatch.setattr(learner, "code_hash", lambda *modules: "changed")
    changed = unit.path(tmp_path, METHODS)
    assert changed.name == path.name and changed != path
    other = replace(learner.PROTOCOLS["made-up"], noise=0.5)
    monkeypatch.setitem(learner.PROTOCOLS, "made-up", other)
    assert unit.path(tmp_path, METHODS) not in (changed, path)


def test_results_are_of_all_folds_with_what_was_believed_of_ours(tables, tmp_path):
    ours = results("made-up", [OURS], tmp_path, None, cores=1)
    keys = ours[["task", "half", "cost"]].drop_duplicates()
    assert len(keys) == len(ours) == 6 * 2 * 2
    assert np.isfinite(ours["regret"]).all()
    assert np.isfinite(ours[["low", "high", "expected", "val_metric_became", "range"]]).all(
        axis=None
    )
    assert ours["probability"].between(0, 1).all()
    assert (ours["low"] <= ours["high"]).all()


def runs(regrets: dict[tuple[str, str, float], float]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "method": method,
                "task": task,
                "cost": cost,
                "regret": regret,
                "within_5pct": regret < 0.05,
            }
            for (method, task, cost), regret in regrets.items()
        ]
    )


def test_the_summary_by_hand():
    rows = summary(
        runs(
            {
                (OURS, "a", 1.0): 0.10,
                (OURS, "b", 1.0): 0.20,
                (OURS, "a", 2.0): 0.04,
                (OURS, "b", 2.0): 0.22,
                ("near", "a", 1.0): 0.30,
                ("near", "b", 1.0): 0.10,
                ("near", "a", 2.0): 0.30,
                ("near", "b", 2.0): 0.10,
                ("far", "a", 1.0): 0.50,
                ("far", "b", 1.0): 0.50,
                ("far", "a", 2.0): 0.04,
                ("far", "b", 2.0): 0.04,
            }
        )
    )
    one, two = rows
    # Differences of -0.2 and 0.1, and so on; their standard error is half of how they differ.
    assert one == {
        "cost": "1",
        "regret": "0.1500",
        "within 5 %": "0%",
        "best other": "0.2000 (near)",
        "difference": "-0.0500 ± 0.1500",
        "since the cost before": "",
    }
    assert two == {
        "cost": "2",
        "regret": "0.1300",
        "within 5 %": "50%",
        "best other": "0.0400 (far)",
        "difference": "+0.0900 ± 0.0900",
        "since the cost before": "-0.0200 ± 0.0400",
    }


def test_ours_alone_is_held_against_no_other():
    (row,) = summary(runs({(OURS, "a", 1.0): 0.1, (OURS, "b", 1.0): 0.1}))
    assert set(row) == {"cost", "regret", "within 5 %", "since the cost before"}


def test_repetitions_of_a_task_count_once():
    many = runs({(OURS, "a", 1.0): 0.1, (OURS, "b", 1.0): 0.3})
    uneven = pd.concat([many, *[many[many["task"] == "a"]] * 8])
    assert summary(uneven)[0]["regret"] == "0.2000"


def test_a_table_that_is_not_there_is_left_out(capsys, monkeypatch):
    def missing(name):
        raise ProbecastError(f"{name}.parquet: the file is missing")

    monkeypatch.setattr(learner, "tables_of", missing)
    monkeypatch.setattr("sys.argv", ["learner", "tst_svm"])
    learner.main()
    assert "tst_svm: left out: tst_svm.parquet: the file is missing" in capsys.readouterr().out


def test_all_tables_are_printed(tables, tmp_path, capsys, monkeypatch):
    arguments = ["made-up", "--methods", *METHODS, "--cores", "1", "--folder", str(tmp_path)]
    monkeypatch.setattr("sys.argv", ["learner", *arguments])
    learner.main()
    lines = capsys.readouterr().out.splitlines()
    assert "#### made-up: 6 tasks" in lines
    heads = [line for line in lines if line.startswith("| cost")]
    assert len(heads) == 2
    assert "best other" in heads[0]
    assert "near_best" in heads[1]


def test_every_table_of_the_study_has_a_protocol():
    named = learner.load_study(
        learner.yaml.safe_load(learner.STUDY.read_text()), str(learner.STUDY), learner.ROOT
    ).tables
    assert set(named) | {"own", "finetune"} == set(learner.PROTOCOLS)
