import pytest
from pydantic import ValidationError

from probecast.tuning.settings import ProbeSettings


def test_probes_and_the_training_they_lead_to_cost_two_full_runs_unless_said_otherwise():
    assert ProbeSettings().cost == 2


@pytest.mark.parametrize("bad", [{"cost": 0.9}, {"candidates": 0}, {"count": 5}])
def test_what_cannot_pay_for_one_training_or_is_unknown_is_refused(bad):
    with pytest.raises(ValidationError):
        ProbeSettings(**bad)


def test_trials_are_resumable_unless_said_otherwise():
    assert ProbeSettings().resumable
    assert not ProbeSettings(resumable=False).resumable
