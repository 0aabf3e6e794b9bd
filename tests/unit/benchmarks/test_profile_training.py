import pytest
import torch

from benchmarks.profile_training import PARTS, profile, row
from kit.toy_data import SPECS, TASKS, configuration, splits
from probecast.training.settings import TrainingSettings


@pytest.mark.parametrize("architecture", TASKS)
def test_every_part_of_a_step_is_seen(architecture):
    spec = SPECS[TASKS[architecture]]
    backward, clip = torch.Tensor.backward, torch.nn.utils.clip_grad_norm_
    profiled = profile(
        architecture, spec, splits(spec), configuration(), TrainingSettings(epochs=2)
    )
    assert profiled.seconds.keys() == set(PARTS)
    assert all(seconds > 0 for seconds in profiled.seconds.values())
    assert profiled.steps == 2 * 3  # 40 examples in batches of 16
    assert (torch.Tensor.backward, torch.nn.utils.clip_grad_norm_) == (backward, clip)

    line = row(architecture, 32, profiled, yardstick=1e9)
    assert sum(int(line[part].rstrip("%")) for part in PARTS) == pytest.approx(100, abs=3)
