import os

import pytest

from benchmarks.utilisation import read_benchmarks, utilisation
from probecast.errors import ProbecastError


def write(folder, name, seconds, end):
    path = folder / f"{name}.tsv"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"s\th:m:s\tcpu_time\n{seconds}\t0:00:00\t{seconds / 2}\n")
    os.utime(path, (end, end))


def test_share_of_training_in_cores_times_wall(tmp_path):
    write(tmp_path, "download/digits", 2.0, end=1002)
    write(tmp_path, "sweep/digits-cnn-0", 6.0, end=1008)
    write(tmp_path, "sweep/digits-cnn-1", 5.0, end=1008)
    write(tmp_path, "report", 2.0, end=1010)
    table, wall, share = utilisation(read_benchmarks(tmp_path), cores=2)
    assert wall == 10
    assert share == pytest.approx(11 / 20)
    assert table.loc["sweep", "jobs"] == 2
    assert table.loc["sweep", "processor"] == pytest.approx(5.5)
    assert table.loc["report", "share"] == pytest.approx(0.1)


def test_folder_without_benchmarks_is_named(tmp_path):
    with pytest.raises(ProbecastError, match="no benchmark files"):
        read_benchmarks(tmp_path)
