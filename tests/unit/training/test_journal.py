from probecast.training.journal import Journal

ROW = {"config_id": "a", "seed": 1, "epoch": 1, "val_metric": 0.5}


def test_rows_survive_a_restart(tmp_path):
    path = tmp_path / "deep" / "sweep.jsonl"
    Journal(path, "f").append([ROW])
    assert Journal(path, "f").rows == [ROW]


def test_nan_survives_a_restart(tmp_path):
    Journal(tmp_path / "j", "f").append([{**ROW, "val_metric": float("nan")}])
    (row,) = Journal(tmp_path / "j", "f").rows
    assert row["val_metric"] != row["val_metric"]


def test_line_cut_off_by_a_kill_is_ignored_and_not_appended_to(tmp_path):
    path = tmp_path / "j"
    Journal(path, "f").append([ROW])
    with path.open("a") as file:
        file.write('[{"config_id": "b", "se')
    again = Journal(path, "f")
    assert again.rows == [ROW]
    again.append([{**ROW, "epoch": 2}])
    assert [row["epoch"] for row in Journal(path, "f").rows] == [1, 2]


def test_journal_of_other_data_or_code_starts_empty(tmp_path):
    Journal(tmp_path / "j", "old").append([ROW])
    assert Journal(tmp_path / "j", "new").rows == []
    assert Journal(tmp_path / "j", "old").rows == []


def test_deleted_journal_is_gone(tmp_path):
    journal = Journal(tmp_path / "j", "f")
    journal.delete()
    assert not (tmp_path / "j").exists()
