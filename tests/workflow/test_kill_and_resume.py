import random
import signal

import pytest

from kit.kill_and_resume import Kill, differences, run_with_kills, shortest
from kit.projects import fresh_project

pytestmark = [
    *(pytest.mark.study, pytest.mark.slow, pytest.mark.timeout(1800)),
]


def test_a_run_killed_while_it_trains_is_resumed_and_loses_nothing(finished, tmp_path):
    """The short version of `make faults`, which strikes at every stage and in more ways."""
    chance = random.Random(0)
    kills = [
        Kill(stage, chance.uniform(0.3, 0.9) * shortest(finished, stage), signal.SIGKILL, whom)
        for stage, whom in (("sweep", "all"), ("probe", "snakemake"), ("train", "job"))
    ]
    project = fresh_project(tmp_path / "project")
    struck, lost = run_with_kills(project, kills)
    assert struck == kills
    assert lost == 0
    assert not differences(finished.contents(), project.contents())
