"""The tables that the shipped replay studies name; they are not part of the repository."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from probecast.study.load import load_study
from probecast.tables.reading import read_tables, task_names

ROOT = Path(__file__).parents[3]


def settings(name):
    path = ROOT / "studies" / f"{name}.yaml"
    table = load_study(yaml.safe_load(path.read_text()), path.name, ROOT).tables[name]
    if not Path(table.path).exists():
        pytest.skip(f"{table.path} is not there")
    return table


def test_lcbench():
    tables = read_tables("lcbench17", settings("lcbench17"))
    assert [table.info.task for table in tables] == task_names(settings("lcbench17"))
    assert {len(table.configurations()) for table in tables} == {500}
    assert {table.info.epochs for table in tables} == {50}
    assert all(np.isnan(table.info.floor_val) for table in tables)
    assert (tables[0].frame["seconds"] > 0).all()
    assert len(set(map(frozenset, (table.configurations() for table in tables)))) == 1


def test_taskset_has_untrained_floors_divergence_and_absurd_values():
    tables = read_tables("taskset12", settings("taskset12"))
    assert len(tables) == 12
    for table in tables:
        assert table.info.epochs == 50
        assert -2.5 < table.info.floor_val < -0.6  # ReLU networks start worse than guessing
    assert any(table.frame["status"].eq("diverged").any() for table in tables)
    assert min(table.frame["val_metric"].min() for table in tables) < -1e10
