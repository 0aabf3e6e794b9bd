import math
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kit.tables import small_table
from probecast.errors import ProbecastError
from probecast.files import seal
from probecast.space import config_id
from probecast.trials import TrialTable, read_sweeps, read_table

NAN = math.nan


def test_table_survives_the_disk(tmp_path):
    table = small_table({0.1: [0.2, 0.5], 0.01: [0.3, NAN]})
    table.write(tmp_path / "sweep-0.parquet")
    again = read_table(tmp_path / "sweep-0.parquet")
    assert again.info == table.info
    assert again.hyperparameters == ["learning_rate"]
    assert again.frame.equals(table.frame)


def test_union_of_chunks(tmp_path):
    for i, rate in enumerate([0.1, 0.01]):
        small_table({rate: [0.2, 0.5]}).write(tmp_path / f"{i}.parquet")
    union = read_table([tmp_path / "0.parquet", tmp_path / "1.parquet"])
    assert set(union.configurations()) == {
        config_id({"learning_rate": 0.1}),
        config_id({"learning_rate": 0.01}),
    }
    assert len(union.frame) == 4


def test_sweeps_of_several_tasks_are_told_apart_and_lose_their_repeats(tmp_path):
    first, second = small_table({0.1: [0.2, 0.5]}), small_table({0.01: [0.3, 0.4]})
    repeat = small_table({0.1: [0.1, 0.9]}, seed=0)
    other = small_table({0.1: [0.7, 0.8]}, task="other-cnn", seed=5)
    paths = [tmp_path / f"{i}.parquet" for i in range(4)]
    for path, table in zip(paths, (first, other, repeat, second), strict=True):
        table.write(path)
    toy, also = read_sweeps(paths)
    assert [toy.info.task, also.info.task] == ["toy-cnn", "other-cnn"]
    assert sorted(toy.frame["val_metric"]) == [0.2, 0.3, 0.4, 0.5]
    assert also.frame["val_metric"].tolist() == [0.7, 0.8]
    assert len(read_table([paths[0], *paths[2:]]).frame) == 6


def test_configurations_have_plain_types(tmp_path):
    table = small_table({1.0: [0.2], 0.5: [0.3]})
    table.write(tmp_path / "t.parquet")
    configurations = list(read_table(tmp_path / "t.parquet").configurations().values())
    assert sorted(c["learning_rate"] for c in configurations) == [0.5, 1]
    for identity, c in read_table(tmp_path / "t.parquet").configurations().items():
        assert config_id(c) == identity


@pytest.mark.parametrize("values", [(True, False), ("wide", "deep")], ids=["switches", "names"])
def test_values_that_are_no_numbers_survive_the_disk(tmp_path, values):
    small_table({value: [0.2] for value in values}).write(tmp_path / "t.parquet")
    configurations = read_table(tmp_path / "t.parquet").configurations()
    assert {c["learning_rate"] for c in configurations.values()} == set(values)
    assert all(config_id(c) == identity for identity, c in configurations.items())


def test_diverged_trial_counts_as_the_floor():
    table = small_table({0.1: [0.2, 0.5, 0.6], 1.0: [0.3, NAN]}, floor=0.1)
    curves = table.with_floor("val_metric")
    assert curves.loc[config_id({"learning_rate": 1.0})].iloc[0].tolist() == [0.3, 0.1, 0.1]


def test_file_of_another_task_is_refused(tmp_path):
    small_table({0.1: [0.2]}).write(tmp_path / "a.parquet")
    small_table({0.1: [0.2]}, task="other-cnn").write(tmp_path / "b.parquet")
    with pytest.raises(ProbecastError, match=r"b\.parquet: describes another task"):
        read_table([tmp_path / "a.parquet", tmp_path / "b.parquet"])


def test_parts_from_two_machines_are_one_table_that_names_both(tmp_path):
    for name, rate in (("a", 0.1), ("b", 0.2)):
        table = small_table({rate: [0.2]})
        info = replace(table.info, machine=f"cpu {name}")
        TrialTable(info, table.hyperparameters, table.frame).write(tmp_path / name)
    table = read_table([tmp_path / "a", tmp_path / "b"])
    assert table.info.machine == "cpu a; cpu b"
    assert len(table.frame) == 2


def test_trial_in_two_files_is_refused(tmp_path):
    for name in "ab":
        small_table({0.1: [0.2]}).write(tmp_path / f"{name}.parquet")
    with pytest.raises(ProbecastError, match="stands there twice"):
        read_table([tmp_path / "a.parquet", tmp_path / "b.parquet"])


def rewrite(path, change):
    table = pq.read_table(path)
    pq.write_table(change(table), path)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda p: p.unlink(), "missing"),
        (lambda p: p.write_bytes(p.read_bytes()[:100]), "not a readable Parquet"),
        (lambda p: p.write_bytes(b""), "not a readable Parquet"),
        (lambda p: rewrite(p, lambda t: t.drop_columns(["val_metric"])), "val_metric"),
        (lambda p: rewrite(p, lambda t: t.replace_schema_metadata({})), "metadata"),
        (lambda p: rewrite(p, lambda t: pa.concat_tables([t, t])), "twice"),
        (
            lambda p: rewrite(
                p,
                lambda t: t.set_column(
                    t.schema.get_field_index("status"), "status", pa.array(["fine"] * len(t))
                ),
            ),
            "status",
        ),
        (
            lambda p: rewrite(
                p,
                lambda t: t.set_column(
                    t.schema.get_field_index("epoch"), "epoch", pa.array(range(7, 7 + len(t)))
                ),
            ),
            r"epochs must lie within 1\.\.2",
        ),
    ],
)
def test_damaged_table_is_refused_by_name(tmp_path, damage, message):
    path = tmp_path / "sweep-0.parquet"
    small_table({0.1: [0.2, 0.5]}).write(path)
    damage(path)
    if path.exists():
        seal(path)  # as if it had been written so
    with pytest.raises(ProbecastError, match=rf"(?s)sweep-0\.parquet.*{message}"):
        read_table(path)


def test_written_columns_are_the_contract(tmp_path):
    small_table({0.1: [0.2]}).write(tmp_path / "t.parquet")
    assert pq.read_schema(tmp_path / "t.parquet").names == [
        *("task", "dataset", "family", "architecture", "config_id", "learning_rate"),
        *("seed", "epoch", "train_loss", "val_loss", "val_metric", "test_metric"),
        *("seconds", "flops", "status"),
    ]


def test_same_table_same_bytes(tmp_path):
    for name in "ab":
        table = small_table({0.1: [0.2, 0.5], 0.01: [0.3, 0.4]})
        shuffled = table.frame.sample(frac=1, random_state=ord(name))
        TrialTable(table.info, table.hyperparameters, shuffled.sort_index()).write(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
