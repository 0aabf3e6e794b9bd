"""What the numbers were made with."""

import hashlib
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from probecast import __version__

PACKAGES = ("torch", "torchaudio", "transformers", "datasets", "snakemake", "numpy", "pandas")

WORKFLOW = Path(__file__).parents[2]


def code_sha256() -> str:
    """Return a hash of all rules, scripts and modules, as they are where the page is made."""
    digest = hashlib.sha256()
    for path in sorted(WORKFLOW.rglob("*")):
        if path.suffix in (".py", ".smk"):
            digest.update(path.relative_to(WORKFLOW).as_posix().encode() + b"\0")
            digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()


def package_versions() -> dict[str, str]:
    """Return the versions of Python, this package and those that results depend on."""
    found = {"python": platform.python_version(), "probecast": __version__}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed where the page was made"
    return found
