import pytest
from pydantic import ValidationError

from probecast.meta.settings import ProbeSettings


@pytest.mark.parametrize(
    ("horizon", "epochs"), [(1, 1), (4, 1), (5, 1), (10, 2), (15, 3), (50, 10)]
)
def test_a_probe_is_at_most_its_share_of_the_horizon_but_one_epoch(horizon, epochs):
    assert ProbeSettings().epochs(horizon) == epochs


def test_the_budget_pays_for_all_probes_and_a_full_run():
    assert ProbeSettings(count=5, share=0.2).budget(10) == pytest.approx(2.0)
    assert ProbeSettings(count=5, share=0.2).budget(4) == pytest.approx(2.25)
    assert ProbeSettings(count=0).budget(10) == 1


@pytest.mark.parametrize("bad", [{"share": 0}, {"share": 1.1}, {"count": -1}, {"probes": 3}])
def test_values_that_make_no_sense_are_refused(bad):
    with pytest.raises(ValidationError):
        ProbeSettings(**bad)
