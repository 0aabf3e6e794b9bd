"""What a target may learn from."""

from pathlib import Path

import pytest
import yaml

from kit.small_study import FIXED, HISTORY, ROOT, load
from kit.tables import small_table
from probecast.errors import ProbecastError
from probecast.holdout import NOTHING, SHIPPED, HoldOut
from probecast.learner import shipped
from probecast.study import sources
from probecast.study.load import load_study
from probecast.trials import TrialTable

OWN_TEXTS = {"modality": "text", "files": {"train": "t.csv"}}
NEW = {"tasks": ["mine-rnn"], "datasets": {"mine": {"own": OWN_TEXTS}}}
WITHOUT_DIGITS = HoldOut("family", "digits")
WITHOUT_MINE = HoldOut("family", "mine")


@pytest.fixture
def base(tmp_path):
    """A folder with the file of ``HISTORY``."""
    (tmp_path / "runs.db").touch()
    return tmp_path


def test_held_out_family_and_architecture_are_left_out():
    study = load(
        tasks=["digits-cnn", "load-lstm"],
        sources=["small_digits-cnn", "load-rnn", "digits-rnn"],
        datasets={"small_digits": {"source": "digits", "train_rows": 50}},
    )
    assert sources.hold_out(study, "family", "small_digits-cnn") == WITHOUT_DIGITS
    assert sources.sources_without(study, WITHOUT_DIGITS) == ["load-lstm", "load-rnn"]
    rnn = sources.hold_out(study, "architecture", "digits-rnn")
    assert rnn == HoldOut("architecture", "rnn")
    assert sources.sources_without(study, rnn) == [
        *("digits-cnn", "load-lstm", "small_digits-cnn")
    ]
    assert sources.sources_without(study, NOTHING) == study.all_tasks
    with pytest.raises(ProbecastError, match="tasks: found no 'imdb-cnn'"):
        sources.hold_out(study, "family", "imdb-cnn")


def test_a_recommendation_for_own_data_needs_no_sweep_of_other_own_data():
    assert load(**NEW).family("mine") == "mine"
    assert sources.sources_without(load(**NEW), HoldOut("family", "other")) == []
    own = {"datasets": NEW["datasets"]}
    other = HoldOut("family", "other")
    given = load(tasks=["mine-rnn", "digits-cnn"], **own)
    assert sources.sources_without(given, other) == ["digits-cnn"]
    listed = load(tasks=["digits-cnn"], sources=["mine-rnn"], **own)
    assert sources.sources_without(listed, other) == ["digits-cnn", "mine-rnn"]
    assert sources.sources_without(listed, WITHOUT_MINE) == ["digits-cnn"]


def test_histories_are_held_out_by_what_is_said_of_them(base):
    study = load(
        base,
        history={
            "mine": HISTORY,
            "theirs": {**HISTORY, "family": "digits"},
            "cnns": {**HISTORY, "architecture": "cnn"},
            "cnn": HISTORY,
            "server": {**HISTORY, "path": "mysql://host/runs"},
        },
    )
    without = sources.histories_without
    assert without(study, WITHOUT_DIGITS) == ["mine", "cnns", "cnn", "server"]
    assert without(study, HoldOut("architecture", "cnn")) == ["mine", "theirs", "server"]
    assert without(study, NOTHING) == list(study.history)


def test_shipped_tables_are_learnt_from_where_there_is_nothing_else_or_the_study_says_so(base):
    history = {"mine": HISTORY}
    lone = load(base, tasks=["digits-cnn"], history=history)
    beside = sources.tables_without(lone, WITHOUT_DIGITS)
    assert beside[0] == "results/history/mine"
    assert beside[1:] == shipped.tables_without(WITHOUT_DIGITS)
    assert not any("digits" in path for path in beside)
    of_family = {"mine": {**HISTORY, "family": "digits"}}
    alike = load(base, tasks=["digits-cnn"], history=of_family)
    assert sources.tables_without(alike, WITHOUT_DIGITS) == beside[1:]
    two = load(base, history=history)
    own = ["results/trials/load-lstm/sweep.parquet", "results/history/mine"]
    assert sources.tables_without(two, WITHOUT_DIGITS) == own
    all_of_them = load(base, history=history, shipped=True)
    everything = sources.tables_without(all_of_them, WITHOUT_DIGITS)
    assert everything == own + [path for path in beside[1:] if Path(path).stem != "load-lstm"]
    never = load(base, tasks=["digits-cnn"], history=history, shipped=False)
    assert sources.tables_without(never, WITHOUT_DIGITS) == own[1:]


def test_there_must_be_something_to_learn_from():
    lone = load(tasks=["digits-cnn"], shipped=False)
    assert sources.tables_without(lone, WITHOUT_DIGITS) == []
    with pytest.raises(
        ProbecastError,
        match="^my.yaml: shipped: false, and nothing else to learn from once family-digits is "
        "held out; remove it, or add 'sources' or a 'history' of another family$",
    ):
        sources.tables_to_learn_from(lone, WITHOUT_DIGITS)
    assert sources.tables_to_learn_from(lone, SHIPPED) == shipped.tables()
    assert sources.tables_to_learn_from(lone, NOTHING) == [
        "results/trials/digits-cnn/sweep.parquet"
    ]


def test_what_no_task_is_of_cannot_be_held_out():
    with pytest.raises(
        ProbecastError, match="^my.yaml: tasks of family: found no 'digts'; .*mean 'digits'"
    ):
        sources.tables_to_learn_from(load(), HoldOut("family", "digts"))
    with pytest.raises(ProbecastError, match="tasks of architecture: found no 'cn'"):
        sources.tables_to_learn_from(load(), HoldOut("architecture", "cn"))


def test_the_shipped_encoder_is_used_where_it_has_not_seen_the_family_and_nothing_is_added(base):
    assert sources.encoder_without(load(**NEW), WITHOUT_MINE) == str(shipped.ENCODER)
    digits = load(tasks=["digits-cnn"])  # which the shipped encoder knows
    own = "results/meta/family-digits/encoder.safetensors"
    assert sources.encoder_without(digits, WITHOUT_DIGITS) == own
    for more in ({"shipped": False}, {"history": {"mine": HISTORY}}):
        study = load(base, **NEW, **more)
        assert sources.encoder_without(study, WITHOUT_MINE) == (
            "results/meta/family-mine/encoder.safetensors"
        )
    more = load(tasks=["mine-rnn"], sources=["load-lstm"], datasets=NEW["datasets"])
    assert sources.encoder_without(more, WITHOUT_MINE).startswith("results/meta/family-mine/")


def test_an_encoder_without_the_architecture_needs_something_of_another():
    made = "results/meta/architecture-cnn/encoder.safetensors"
    assert sources.encoder_unlike(load(), "digits-cnn") == made
    assert sources.encoder_unlike(load(tasks=["digits-cnn"], shipped=False), "digits-cnn") == []


def test_swept_are_targets_and_what_they_learn_from_but_what_is_finished(tmp_path):
    more = {"tasks": ["digits-cnn"], "datasets": {"digits_few": {"source": "digits"}}}
    more["sources"] = ["digits_few-cnn", "digits-rnn", "glyphs-cnn", "load-lstm"]
    # The target's family is held out, and its architecture: digits_few-cnn is of both.
    swept = ["digits-cnn", "digits-rnn", "glyphs-cnn", "load-lstm"]
    assert sources.swept_tasks(load(**more)) == swept
    (tmp_path / "glyphs-cnn.parquet").touch()
    finished = load(**more, sweep={"tables": str(tmp_path)})
    assert sources.swept_tasks(finished) == [task for task in swept if task != "glyphs-cnn"]


@pytest.mark.parametrize("family", ["imdb", "sst2"])
def test_a_recommendation_that_is_tried_on_imdb_and_sst2_learns_from_neither(family):
    study = load_study(yaml.safe_load((ROOT / "studies/finetune.yaml").read_text()), "f", ROOT)
    left = sources.sources_without(study, HoldOut("family", family))
    assert set(left) == set(study.sources)
    assert {study.family(task.partition("-")[0]) for task in left}.isdisjoint({"imdb", "sst2"})
    assert sources.swept_tasks(study) == []  # sources' tables come along; targets need none


def finished_table(folder, epochs=5, **others):
    """Keep a table of two trials of ``digits-cnn`` in a folder."""
    table = small_table({0.1: [0.5] * epochs, 0.01: [0.6] * epochs}, task="digits-cnn")
    more = {"layers": 2, **FIXED, **others}
    names = ["learning_rate", *more]
    TrialTable(table.info, names, table.frame.assign(**more)).write(folder / "digits-cnn.parquet")


def test_a_finished_table_of_other_trials_is_no_reference(tmp_path):
    study = load(tasks=["digits-cnn"], sweep={"tables": str(tmp_path)})
    finished_table(tmp_path)
    assert sources.outcomes(study)["sweep"] == [str(tmp_path / "digits-cnn.parquet")]
    finished_table(tmp_path, epochs=4)
    with pytest.raises(ProbecastError, match=r"holds trials of 4 epochs .* for 5 epochs of"):
        sources.outcomes(study)
    finished_table(tmp_path, momentum=0.9)
    with pytest.raises(
        ProbecastError, match=r"sweep\.tables: .*digits-cnn\.parquet holds .*momentum"
    ):
        sources.outcomes(study)


def test_a_history_without_a_family_cannot_be_evaluated(base):
    with pytest.raises(ProbecastError, match=r"^my\.yaml: history\.mine\.family: missing, but"):
        sources.outcomes(load(base, history={"mine": HISTORY}))
    sources.outcomes(load(base, history={"mine": {**HISTORY, "family": "mine"}}))
