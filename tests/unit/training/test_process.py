import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import resource, torch
from probecast.training.process import prepare_process
prepare_process()
def page_faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    tensors = [torch.ones(12 * 2**20) for _ in range(3)]  # 48 MiB each
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
first, *_, last = [page_faults() for _ in range(6)]
print(first, last, torch.get_num_threads(), torch.tensor(1e-40).mul(1).item())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs glibc's allocator")
def test_memory_is_reused_and_denormals_are_flushed():
    library = Path(__file__).parents[3] / "workflow"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=library, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    first, last, threads, denormal = done.stdout.split()
    assert int(last) < int(first) / 10
    assert threads == "1"
    assert float(denormal) == 0
