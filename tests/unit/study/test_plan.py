import re
from pathlib import Path

import numpy as np
import pytest
import yaml

from kit.tiny_encoder import pieces_spec
from kit.toy_data import SPECS
from probecast.learner import shipped
from probecast.study.load import load_study
from probecast.study.model import Study
from probecast.study.plan import COLUMNS, in_words, plan, seconds_per_epoch
from probecast.study.sections import DatasetStudy
from probecast.trials import dataset_of, read_table

ROOT = Path(__file__).parents[3]
IMAGES = SPECS["images"]


def study(**changes):
    space = {"learning_rate": [0.01, 0.1], "batch_size": [8], "layers": [2], "neurons": [8, 16]}
    space |= {"dropout": [0.1], "optimizer": ["Adam"]}
    return Study.model_validate(
        {
            "name": "planned",
            "tasks": ["digits-cnn"],
            "space": {name: {"choices": choices} for name, choices in space.items()},
            "default_configuration": {name: choices[0] for name, choices in space.items()},
            "training": {"epochs": 4},
            "probe": {"cost": 1.5},
            "final": {"seeds": 2},
            **changes,
        }
    )


@pytest.fixture
def specs():
    return {"digits": IMAGES}


def test_counts_of_every_stage(specs):
    table = plan(study(), specs).set_index("stage")
    assert list(table.columns) == COLUMNS[1:]
    assert table["trials"].to_dict() == {"sweep": 4, "probe": 6, "train": 6 * 2 + 6}
    assert table["epochs"].to_dict() == {"sweep": 16, "probe": 6, "train": (6 * 2 + 6) * 4}
    assert (table["flops"] / table["epochs"]).nunique() == 1  # all of average size


def test_choices_of_tuners_that_are_not_replayed_are_not_retrained(specs):
    table = plan(study(baselines={"methods": ["random"]}), specs).set_index("stage")
    assert table.loc["train", "trials"] == 4 * 2 + 6  # predicted, grid, random, default; probes


def test_where_fine_tuning_is_compared_there_is_no_sweep_and_every_model_counts():
    choices = {"learning_rate": [0.001], "batch_size": [8, 16]}
    hand = {"learning_rate": 0.001, "batch_size": 8, "epochs": 1, "warmup_steps": 5}
    planned = study(
        tasks=["pieces-finetune"],
        space={name: {"choices": values} for name, values in choices.items()},
        default_configuration={"learning_rate": 0.001, "batch_size": 8},
        finetuning={
            "tasks": ["pieces-finetune"],
            "by_hand": {"mine": hand, "yours": {**hand, "epochs": 2}},
            "by_hand_rows": 100,
        },
    )
    planned.datasets["pieces"] = DatasetStudy(source="scenes")
    table = plan(planned, {"pieces": pieces_spec()}).set_index("stage")
    assert table["trials"].to_dict() == {"probe": 6, "finetune": 6 * 2}
    assert table.loc["finetune", "epochs"] == (1 + 1 + 2 + 2 + 4 + 4) * 2
    each = table["flops"] / table["epochs"]
    assert each["finetune"] == pytest.approx(each["probe"])
    assert "finetune" in in_words("planned", table.reset_index())


def test_the_share_of_the_probes_that_the_readme_names(monkeypatch):
    """By counts of epochs alone, which is near enough for a whole number."""
    monkeypatch.setattr("probecast.study.plan._epoch", lambda *_: (1.0, 1.0))
    default = load_study(yaml.safe_load((ROOT / "config.yaml").read_text()), "config.yaml", ROOT)
    specs = {dataset_of(task): IMAGES for task in default.tasks}
    said = re.search(
        r"about\s(\d+)\s%\sof\sall\sfor\sthe\sdefault\sstudy", (ROOT / "README.md").read_text()
    )
    share = re.search(r"([\d.]+)% of\sall\.", in_words(default.name, plan(default, specs)))
    assert int(said[1]) == round(float(share[1]))


def test_float32_takes_longer_and_costs_as_many_flops(specs):
    slow = plan(study(), specs)
    fast = plan(study(training={"epochs": 4, "precision": "bfloat16"}), specs)
    assert (slow["core_seconds"] > fast["core_seconds"]).all()
    assert (slow["flops"] == fast["flops"]).all()


def test_a_study_without_tasks_trains_nothing():
    tables = {"past": {"path": "past.csv", "metric": "accuracy", "higher_is_better": True}}
    table = plan(study(tasks=[], tables=tables), {})
    assert in_words("planned", table) == "The study planned trains nothing."


@pytest.mark.parametrize(
    "table",
    # Those in float32 were made on another machine than that of the estimates.
    [table for table in map(read_table, shipped.tables()) if table.info.precision == "bfloat16"],
    ids=lambda table: table.info.task,
)
def test_estimates_are_within_a_factor_of_two_of_what_was_measured(table):
    frame = table.frame[table.frame["status"] == "ok"]
    rows = round(np.exp(table.info.meta_features["log_rows"]))
    estimated = sum(
        seconds_per_epoch(table.info.architecture, flops, np.ceil(rows / batch_size))
        for flops, batch_size in zip(frame["flops"], frame["batch_size"], strict=True)
    )
    assert 0.5 < estimated / frame["seconds"].sum() < 2


def test_an_architecture_without_a_table_is_taken_for_an_average_one():
    known = [seconds_per_epoch(name, 1e9, 10) for name in ("cnn", "rnn", "lstm", "transformer")]
    assert min(known) < seconds_per_epoch("my_net", 1e9, 10) < max(known)
