"""What a process that trains many small networks is set up with."""

import ctypes
import platform

import torch

# From glibc's malloc.h.
M_TRIM_THRESHOLD = -1
M_MMAP_MAX = -4


def prepare_process(threads: int = 1) -> None:
    """Set this process up for many small trials: its threads, memory, no slow denormal numbers."""
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    _keep_freed_memory()


def _keep_freed_memory() -> None:
    """Let the allocator reuse large blocks instead of returning them to the system.

    A step allocates the same tensors again and again, and the system has to zero fresh pages
    each time. Other C libraries are left as they are.
    """
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_MAX, 0)
        libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
