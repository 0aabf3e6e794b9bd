import pytest

from kit.own_files import Reader


@pytest.fixture
def read(tmp_path, caplog):
    return Reader(tmp_path, caplog)
