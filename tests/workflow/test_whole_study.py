"""The tiny study through every rule, and what is rerun when something changes."""

import json
import re

import pandas as pd
import pytest
import yaml

from kit import warm
from kit.kill_and_resume import differences
from kit.projects import TINY, fresh_project
from probecast.study.load import load_study
from probecast.study.sources import swept_tasks
from probecast.trials import read_table

pytestmark = pytest.mark.study

EVERY_RULE = {
    "download": 2,
    "preprocess": 2,
    "sweep": 4,
    "gather": 2,
    "pretrain": 4,
    "probe": 2,
    "predict": 2,
    "baselines": 2,
    "unlike": 2,
    "train": 2,
    "evaluate": 1,
    "report": 1,
}


def results(project, *parts):
    return project.folder.joinpath("results", *parts)


def test_report_and_headline_are_made(finished):
    headline = json.loads(results(finished, "evaluate", "headline.json").read_text())
    assert headline["tasks"] == ["digits-cnn", "load-lstm"]
    assert headline["seeds"] == 2
    assert 0 <= headline["mean_regret"] <= 1
    assert "digits-cnn" in results(finished, "report", "index.html").read_text()


def test_recommendation_is_a_point_of_the_space(finished):
    for task in TINY["tasks"]:
        prediction = json.loads(results(finished, "predictions", f"{task}.json").read_text())
        for name, value in prediction["configuration"].items():
            assert value in TINY["space"][name]["choices"]
        assert prediction["interval"]["low"] <= prediction["interval"]["high"]
        assert prediction["probes"]


def test_encoder_has_not_seen_the_held_out_family(finished):
    card = json.loads(results(finished, "meta", "family-digits", "card.json").read_text())
    assert [source["task"] for source in card["sources"]] == ["load-lstm"]


def test_probe_is_the_prefix_of_the_sweeps_trial(finished):
    for task in TINY["tasks"]:
        folder = results(finished, "trials", task)
        keys = ["config_id", "seed", "epoch"]
        measured = ["train_loss", "val_loss", "val_metric", "test_metric", "flops"]
        sweep = read_table(folder / "sweep.parquet").frame.set_index(keys)
        probe = read_table(folder / "probe.parquet").frame.set_index(keys)
        pd.testing.assert_frame_equal(
            probe[measured], sweep.loc[probe.index, measured], check_exact=True
        )


def test_probes_are_continued_and_architectures_held_out(finished):
    for task in TINY["tasks"]:
        probe = read_table(results(finished, "trials", task, "probe.parquet"))
        continued = read_table(results(finished, "trials", task, "continued.parquet"))
        assert set(continued.frame["config_id"]) == set(probe.frame["config_id"])
        assert (continued.frame.groupby("config_id")["epoch"].max() == 5).all()
        keys, measured = ["config_id", "seed", "epoch"], ["val_metric", "test_metric"]
        whole = continued.frame.set_index(keys)
        begun = probe.frame.set_index(keys)
        pd.testing.assert_frame_equal(begun[measured], whole.loc[begun.index, measured])
    unlike = pd.read_csv(results(finished, "evaluate", "architectures.csv"))
    assert set(unlike["held_out"]) == {"family", "architecture"}
    card = json.loads(results(finished, "meta", "architecture-cnn", "card.json").read_text())
    assert [source["task"] for source in card["sources"]] == ["load-lstm"]


def test_second_run_has_nothing_to_do(finished):
    assert finished.plan() == {}


def test_first_run_plans_every_rule(tmp_path):
    assert fresh_project(tmp_path / "project").plan() == EVERY_RULE


def test_one_stage_and_what_follows_is_rerun(project):
    assert project.plan("--forcerun", "predict") == {
        "predict": 2,
        "train": 2,
        "evaluate": 1,
        "report": 1,
    }
    project.snakemake("--forcerun", "evaluate")
    assert project.plan() == {}


def test_the_terminal_says_how_far_a_stage_is(finished):
    assert "predict: 2 of 2 jobs" in (finished.folder / "run.log").read_text()


def test_single_recommendation_needs_no_final_training(tmp_path):
    plan = fresh_project(tmp_path / "project").plan("results/predictions/digits-cnn.json")
    assert plan == {
        "download": 2,
        "preprocess": 2,
        "sweep": 2,
        "gather": 1,
        "pretrain": 1,
        "probe": 1,
        "predict": 1,
    }


def test_a_lone_task_learns_from_what_comes_with_the_project(tmp_path):
    project = fresh_project(tmp_path / "project")
    project.study(tasks=["digits-cnn"])
    plan = project.plan("results/predictions/digits-cnn.json")
    # The shipped encoder knows digits, so that one without them is made of the shipped tables.
    assert plan == {"download": 1, "preprocess": 1, "pretrain": 1, "probe": 1, "predict": 1}


def test_run_until_a_stage(tmp_path):
    plan = fresh_project(tmp_path / "project").plan("--until", "preprocess")
    assert plan == {"download": 2, "preprocess": 2}


@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        ({"final": {"seeds": 3}}, {"train": 2, "evaluate": 1, "report": 1}),
        (
            {"baselines": {"repetitions": 6}},
            {"baselines": 2, "train": 2, "evaluate": 1, "report": 1},
        ),
        (
            {"training": {"epochs": 6}},
            {r: n for r, n in EVERY_RULE.items() if r not in ("download", "preprocess")},
        ),
    ],
    ids=["final", "baselines", "training"],
)
def test_changed_key_reruns_just_what_depends_on_it(project, changes, rules):
    project.study(**changes)
    assert project.plan() == rules


def test_changed_dataset_reruns_its_own_preprocessing_only(project):
    datasets = {**TINY["datasets"], "digits": {**TINY["datasets"]["digits"], "label_noise": 0.1}}
    project.study(datasets=datasets)
    plan = project.plan()
    assert "download" not in plan
    assert plan["preprocess"] == 1


@pytest.mark.parametrize(
    ("module", "first"),
    [
        ("report/page.py", {"report": 1}),
        ("learner/recommendation.py", {"predict": 2, "train": 2, "evaluate": 1, "report": 1}),
        (
            "data/modalities/image.py",
            {
                **{r: n for r, n in EVERY_RULE.items() if r != "download"},
                "preprocess": 1,
                "sweep": 2,
                "gather": 1,
                "probe": 2,
            },
        ),
    ],
)
def test_changed_library_module_reruns_just_the_stages_that_use_it(project, module, first):
    path = project.folder / "workflow/probecast" / module
    path.write_text(path.read_text() + "\n# changed\n")
    plan = project.plan()
    assert set(plan) == set(first)
    first_rule = next(iter(first))
    assert plan[first_rule] == first[first_rule]


@pytest.mark.slow
def test_results_do_not_depend_on_the_number_of_cores(finished, tmp_path):
    single = fresh_project(tmp_path / "single")
    single.snakemake(cores=1)
    assert not differences(finished.contents(), single.contents())


def test_truncated_raw_file_stops_its_task_only(project):
    raw = results(project, "data", "digits", "raw", "train.parquet")
    raw.write_bytes(raw.read_bytes()[:200])
    results(project, "data", "load", "spec.json").unlink()
    done = project.snakemake("--until", "preprocess", check=False)
    assert done.returncode != 0
    assert "train.parquet" in done.stderr
    assert results(project, "data", "load", "spec.json").exists()
    assert not list(results(project, "data", "digits").glob("*.part"))


def test_bad_study_file_is_one_clear_error(tmp_path):
    project = fresh_project(tmp_path / "project")
    project.study(seed=-1)
    done = project.snakemake(check=False)
    assert done.returncode != 0
    assert "tiny.yaml: seed: found -1" in done.stderr
    assert "Traceback" not in done.stderr
    assert not results(project).exists()


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("predictions/imdb-cnn.json", "tasks: found no 'imdb-cnn'; name it there"),
        ("tables/mnist-cnn.parquet", "tasks: found no 'mnist-cnn'; name it there"),
        ("meta/family-digts/encoder.safetensors", "found no 'digts'; .*mean 'digits'"),
    ],
)
def test_a_target_that_the_study_does_not_have_is_refused(target, message, tmp_path):
    project = fresh_project(tmp_path / "project")
    project.study()
    done = project.snakemake("--dry-run", f"results/{target}", check=False)
    assert done.returncode != 0
    assert re.search(rf"tiny\.yaml: .*{message}", done.stdout + done.stderr)


def test_of_two_study_files_both_are_named(tmp_path):
    project = fresh_project(tmp_path / "project")
    project.study(seed=-1)
    change = project.folder / "change.yaml"
    change.write_text("training: {precision: float32}")
    done = warm.snakemake([*project.arguments("--dry-run"), change.name], project.folder)
    said = done.stdout + done.stderr
    assert "tiny.yaml + " in said and "change.yaml: seed: found -1" in said


def test_snakemakes_own_report_is_made(project):
    project.snakemake("--report", "report.zip")
    assert (project.folder / "report.zip").stat().st_size > 10_000


@pytest.mark.parametrize(
    "targets",
    [
        ["results/meta/family-load/card.json", "results/baselines/digits-cnn.parquet"],
        pytest.param([], marks=pytest.mark.slow),
    ],
    ids=["what reads it", "whole study"],
)
def test_a_finished_table_with_repeats_replaces_its_sweep(project, targets):
    """One task's table is made, kept elsewhere, and then learnt from without its sweep."""
    repeats = {**TINY["sweep"], "repeated": 0.34}
    project.study(sweep=repeats)
    project.snakemake("results/tables/digits-cnn.parquet")
    table = read_table(results(project, "tables", "digits-cnn.parquet"))
    trials = table.frame.drop_duplicates(["config_id", "seed"])
    assert len(trials) == 6 + 2
    assert trials["seed"].nunique() == 2

    kept = project.folder / "kept"
    kept.mkdir()
    results(project, "tables", "digits-cnn.parquet").rename(kept / "digits-cnn.parquet")
    for part in results(project, "trials", "digits-cnn").glob("sweep*.parquet"):
        part.unlink()
    project.study(sweep={**repeats, "tables": "kept"})
    assert "sweep" not in project.plan()
    assert project.plan("tables")["table"] == 1  # the other task's
    project.snakemake(*targets)
    card = json.loads(results(project, "meta", "family-load", "card.json").read_text())
    assert [source["task"] for source in card["sources"]] == ["digits-cnn"]
    assert card["sources"][0]["rows"] == (6 + 2) * 5


def test_plan_tells_what_the_study_then_trains(project):
    said = project.snakemake("plan").stderr
    assert re.search(r"^sweep +12 +60 ", said, re.MULTILINE)
    planned = pd.read_csv(results(project, "plan.csv")).set_index(["stage", "task"])
    for task in TINY["tasks"]:
        folder = results(project, "trials", task)
        swept = read_table(folder / "sweep.parquet").frame
        sweep = planned.loc["sweep", task]
        assert sweep["trials"] == len(swept.drop_duplicates(["config_id", "seed"]))
        assert sweep["epochs"] == len(swept)
        assert sweep["flops"] == swept["flops"].sum()
        for stage, file in (("probe", "probe.parquet"), ("train", "final.parquet")):
            trained = read_table(folder / file).frame
            trials = len(trained.drop_duplicates(["config_id", "seed"]))
            most = planned.loc[stage, task]
            assert 1 <= trials <= most["trials"]
            assert len(trained) <= most["epochs"]
            assert most["flops"] / most["epochs"] == pytest.approx(swept["flops"].mean())
            assert set(trained["flops"]) <= set(swept["flops"])


def test_plan_counts_the_sweeps_that_snakemake_would_run(tmp_path):
    project = fresh_project(tmp_path / "project")
    sources = ["digits_few-cnn", "digits-rnn", "glyphs-cnn", "load-lstm"]
    changes = {"tasks": ["digits-cnn"], "sources": sources}
    changes["datasets"] = {**TINY["datasets"], "digits_few": {"source": "digits"}}
    file = project.study(**changes, sweep={**TINY["sweep"], "source_configurations": 4})
    study = load_study(yaml.safe_load(file.read_text()), file.name, project.folder)
    # The target's family is held out, and its architecture: digits_few-cnn is of both.
    swept = swept_tasks(study)
    assert swept == ["digits-cnn", "digits-rnn", "glyphs-cnn", "load-lstm"]
    jobs = sum(len(study.chunks(task)) for task in swept)
    assert project.plan()["sweep"] == jobs
    # Only the data are needed to tell.
    assert project.plan("plan") == {"download": 3, "preprocess": 3, "plan": 1}
