"""Results as Markdown: what was measured, on what, when and how."""

import os
import platform
import shlex
import sys
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pandas as pd


def heading(title: str, module: str, packages: list[str]) -> list[str]:
    """Return a section's first lines: machine, date, command and versions.

    Args:
        title: of the section.
        module: what ``python -m`` was asked for.
        packages: whose versions matter; those not installed are left out.
    """
    found = [f"Python {platform.python_version()}"]
    for package in packages:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return [
        f"### {title}",
        "",
        f"- {processor()}, {os.cpu_count()} cores; {date.today().isoformat()}",
        f"- `{shlex.join(['python', '-m', module, *sys.argv[1:]])}`",
        f"- {', '.join(found)}",
    ]


def processor() -> str:
    """Name the processor."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def markdown(rows: list[dict[str, str]]) -> list[str]:
    """Return the lines of a table; its columns are the keys of the first row."""
    table = pd.DataFrame(rows, columns=list(rows[0]))
    return table.to_markdown(index=False, tablefmt="github", disable_numparse=True).splitlines()
