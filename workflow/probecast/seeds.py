"""Every random number of a study comes from its one seed, by name.

A seed never depends on the order or the number of processes that ask for it.
"""

import hashlib


def derive(root: int, *names: str | int) -> int:
    """Return the 31-bit seed that belongs to ``names`` under the study's ``root`` seed.

    Equal arguments give equal seeds on every machine; different names give
    unrelated seeds (SHA-256).

    >>> derive(0, "order", 1) == derive(0, "order", 1)
    True
    >>> derive(0, "order", 1) == derive(0, "order", 2)
    False
    """
    text = "/".join([str(root), *map(str, names)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1
