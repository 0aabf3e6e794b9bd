import pytest

from kit.synthetic import synthetic_task
from probecast.space import Space
from probecast.tuning.protocol import Problem
from probecast.tuning.settings import ProbeSettings

SPACE = Space.model_validate({"learning_rate": {"choices": [0.001, 0.01, 0.1]}})


@pytest.mark.parametrize("resumable", [True, False])
def test_a_target_is_probed_as_its_settings_say(resumable):
    probes = ProbeSettings(cost=3, candidates=2, resumable=resumable)
    problem = Problem.of_target(synthetic_task(20).info, SPACE, probes, encoder=None, seed=4)
    assert (problem.budget, len(problem.candidates), problem.seed) == (3, 2, 4)
    assert problem.resumable is resumable
