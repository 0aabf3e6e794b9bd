import numpy as np

from benchmarks.ablations import VARIANTS, run
from benchmarks.oracles import BEGUN
from kit.synthetic import synthetic_task


def test_no_choice_among_the_begun_is_better_than_the_oracle():
    tables = [synthetic_task(number) for number in range(4)]  # validation and test are alike
    runs = run(tables, VARIANTS["as it is"], seeds=1, noise=0.0)
    regrets = runs.set_index(["method", "task", "cost"])["regret"]
    ours, begun = (regrets[name].sort_index() for name in ("probecast", BEGUN))
    assert len(ours) == len(begun)
    assert (begun <= ours + 1e-12).all()
    assert np.isclose(begun.min(), 0.0)
