from dataclasses import asdict, fields

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from probecast.learner.strengths import EXPECTED, Strengths


def test_logarithms_lead_there_and_back():
    assert asdict(Strengths.of_logs(EXPECTED.logs())) == pytest.approx(asdict(EXPECTED))
    moved = EXPECTED.logs()
    moved[[field.name for field in fields(Strengths)].index("ridge")] += np.log(2)
    doubled = asdict(EXPECTED) | {"ridge": 2 * EXPECTED.ridge}
    assert asdict(Strengths.of_logs(moved)) == pytest.approx(doubled)


@pytest.mark.parametrize(
    "changes", [{"shrink": 0.0}, {"noise": -1.0}, {"floor": float("inf")}, {"other": 1.0}]
)
def test_a_card_of_strengths_that_cannot_be_is_refused(changes):
    with pytest.raises(ValidationError):
        TypeAdapter(Strengths).validate_python(asdict(EXPECTED) | changes)
