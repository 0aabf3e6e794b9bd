"""How the tests are shared out among processes."""

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Let one process run all tests that share a fixture of their module, and make it once."""
    for item in items:
        fixtures = item._fixtureinfo.name2fixturedefs.values()
        shares = any(fixture.scope == "module" for found in fixtures for fixture in found)
        if shares and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))
