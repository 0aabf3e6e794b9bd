import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probecast.training.journal import Journal

ROW = {"config_id": "a", "seed": 1, "epoch": 1, "val_metric": 0.5}
LIBRARY = Path(__file__).parents[3] / "workflow"


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
        file.write('0a1b2c3d [{"config_id": "b", "se')
    again = Journal(path, "f")
    assert again.rows == [ROW]
    again.append([{**ROW, "epoch": 2}])
    assert [row["epoch"] for row in Journal(path, "f").rows] == [1, 2]


def test_journal_of_other_data_or_code_starts_empty(tmp_path):
    Journal(tmp_path / "j", "old").append([ROW])
    assert Journal(tmp_path / "j", "new").rows == []
    assert Journal(tmp_path / "j", "old").rows == []


@settings(deadline=None)
@given(st.data())
def test_no_damaged_byte_changes_a_row(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("journal") / "j"
    rows = [{**ROW, "epoch": epoch} for epoch in range(1, 5)]
    for row in rows:
        Journal(path, "f").append([row])
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    left = Journal(path, "f").rows
    assert all(row in rows for row in left)
    in_header = place <= content.index(b"\n")
    assert in_header or len(left) >= 2  # at most a line, or two if the damage joined them


def test_a_second_process_waits_for_the_first_and_takes_what_it_left(tmp_path):
    """As when Snakemake was killed, its job goes on, and the user starts the next run."""
    path = tmp_path / "j"
    first = Journal(path, "f")
    code = (
        "import sys; from probecast.training.journal import Journal; "
        "print(Journal(sys.argv[1], 'f').rows)"
    )
    second = subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        env={"PYTHONPATH": str(LIBRARY)},
        stdout=subprocess.PIPE,
    )
    with pytest.raises(subprocess.TimeoutExpired):
        second.wait(3)
    first.append([ROW])
    first._file.close()  # as the end of the process does
    out, _ = second.communicate(timeout=60)
    assert re.search(b"'val_metric': 0.5", out)
