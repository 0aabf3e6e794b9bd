"""What the numbers were made with."""

import platform
from importlib.metadata import PackageNotFoundError, version

from probecast import __version__

PACKAGES = ("torch", "torchaudio", "transformers", "datasets", "snakemake", "numpy", "pandas")


def package_versions() -> dict[str, str]:
    """Return the versions of Python, this package and those that results depend on."""
    found = {"python": platform.python_version(), "probecast": __version__}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed where the page was made"
    return found
