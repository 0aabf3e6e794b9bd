"""The benchmark of scale runs; what it says of large sizes stands in docs/reliability.md."""

import re

import pytest

from benchmarks import scale


@pytest.mark.slow
def test_every_stage_is_measured_within_its_memory(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["scale", "--tasks", "2"])
    scale.main()
    header, *lines = capsys.readouterr().out.splitlines()
    assert header.split()[-3:] == ["seconds", "core-seconds", "MB"]
    assert [line.split()[0] for line in lines] == ["graph", "evaluate", "replay"]
    for line, megabytes in zip(lines, (2000, 4000, 4000), strict=True):
        assert re.search(r" 2 +972 ", line)
        assert 50 < float(line.split()[-1]) < megabytes
