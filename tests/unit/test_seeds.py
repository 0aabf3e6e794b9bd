from probecast.seeds import derive


def test_seeds_never_change():
    """A changed derivation would silently change every study's numbers."""
    assert derive(0, "trial", "sweep") == 547301242


def test_names_are_not_glued_together():
    assert derive(0, "ab", "c") != derive(0, "a", "bc")


def test_seeds_fit_every_generator():
    assert all(0 <= derive(root, "x") < 2**31 for root in range(1000))
