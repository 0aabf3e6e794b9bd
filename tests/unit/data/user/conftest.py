import pytest

from kit.own_files import Reader, study
from probecast.data.download import download
from probecast.data.preprocess import preprocess


@pytest.fixture
def read(tmp_path, caplog):
    return Reader(tmp_path, caplog)


@pytest.fixture
def prepared(tmp_path):
    """Download and preprocess the dataset ``mine``; return its spec."""

    def run(own, **dataset):
        given = study(tmp_path, own, **dataset)
        (tmp_path / "lock.json").unlink(missing_ok=True)
        download(given.download_settings("mine"), tmp_path / "raw", tmp_path / "lock.json")
        return preprocess(tmp_path / "raw", tmp_path / "out", given.preprocess_settings("mine"))

    return run
