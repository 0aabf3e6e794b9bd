"""A table from elsewhere through the workflow, with nothing but a study file."""

from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
import yaml

from kit.projects import fresh_project

pytestmark = pytest.mark.study


def odd_table():
    """Five tasks, ten configurations, four epochs; the smaller the error, the better.

    Configuration 3 is best everywhere, by ever so little; 9 diverges.
    """
    rows = [
        {
            "Data": f"Set {task}",
            "trial no": c,
            "it": epoch,
            "valid error": np.nan
            if c == 9 and epoch > 1
            else (1 + abs(c - 3)) * (5 - epoch + task),
            "lr": 10.0 ** (-c / 3),
            "opt": "Adam" if c % 2 else "SGD",
        }
        for task in range(5)
        for c in range(10)
        for epoch in range(1, 5)
    ]
    return pd.DataFrame(rows).sample(frac=1, random_state=0)


STUDY = {
    "name": "odd",
    "tables": {
        "odd": {
            "path": "odd.csv",
            "metric": "error in °C",
            "higher_is_better": False,
            "empty_metric": "diverged",  # pandas writes NaN so
            "columns": {
                "task": "Data",
                "config_id": "trial no",
                "epoch": "it",
                "val_metric": "valid error",
            },
        }
    },
    "replay": {"costs": [1, 3], "seeds": 2, "noise": 0.001},
}


@pytest.fixture
def project(tmp_path):
    project = fresh_project(tmp_path / "project")
    odd_table().to_csv(project.folder / "odd.csv", index=False)
    (project.folder / "tiny.yaml").write_text(yaml.safe_dump(STUDY))
    return project


def test_replay_of_a_table_from_elsewhere(project):
    assert project.plan() == {"replay_fold": 5, "replay": 1}
    project.snakemake("results/replay/odd/summary.csv")
    folder = project.folder / "results/replay/odd"
    summary = pd.read_csv(folder / "summary.csv")
    assert list(summary) == [
        *("method", "cost", "task_count", "regret_mean", "regret_ci_low", "regret_ci_high"),
        *("within_5pct", "base_rate_5pct"),
    ]
    assert list(pd.read_csv(folder / "summary-from-scratch.csv")) == list(summary)
    by = summary.set_index(["method", "cost"])
    assert set(by["task_count"]) == {5}
    assert set(by["base_rate_5pct"].round(9)) == {0.1}  # the best of ten alone
    assert by.loc[("best_average", 1.0), "regret_mean"] == 0
    assert by.loc[("portfolio", 3.0), "within_5pct"] == 1
    assert by.loc[("random", 1.0), "regret_mean"] > by.loc[("random", 3.0), "regret_mean"] > 0
    runs = pd.read_parquet(folder / "runs.parquet")
    assert len(runs) == len(summary) * 5 * 2
    for name in ("regret.svg", "ranks.svg"):
        texts = set(ElementTree.parse(folder / name).getroot().itertext())
        assert {method.replace("_", " ") for method in summary["method"]} <= texts
    assert project.plan() == {}


def test_a_misspelt_table_or_column_is_one_clear_error(project):
    done = project.snakemake("results/replay/od/summary.csv", check=False)
    assert done.returncode != 0
    assert "Did you mean 'odd'" in done.stderr
    columns = {**STUDY["tables"]["odd"]["columns"], "val_metric": "valid eror"}
    study = {**STUDY, "tables": {"odd": {**STUDY["tables"]["odd"], "columns": columns}}}
    (project.folder / "tiny.yaml").write_text(yaml.safe_dump(study))
    done = project.snakemake(check=False)
    assert done.returncode != 0
    assert "Did you mean 'valid error'" in done.stderr
