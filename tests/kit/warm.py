"""Python programs, Snakemake among them, in forks of a process that has imported much before.

Many tests need a process of their own, to see a plan or a message, or because a library reads
the environment when it is imported. More than half of the time of such a process are imports,
which a fork has behind it. Neither the project's own modules are among them nor the Hub's
client: a program imports those of the copy that it works on, and in the environment that it has.
"""

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(
    [
        *("torch", "pandas", "pyarrow.parquet", "scipy.stats", "sklearn.linear_model"),
        *("pydantic.root_model", "jinja2", "docutils.core", "nbformat.v4", "requests"),
        *("PIL.Image", "fsspec", "httpx2", "dill", "xxhash", "multiprocess", "soundfile"),
        *("snakemake.cli", "snakemake.workflow", "snakemake.dag", "snakemake.profiles"),
        *("snakemake.storage", "snakemake.report", "snakemake.scheduling.milp"),
    ]
)


def snakemake(arguments: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run ``snakemake`` with some arguments in a folder; return how it ended and what it said."""
    command = ["snakemake", *map(str, arguments)]
    return _finished(_snakemake, command, folder, os.environ, timeout=3000)


def python(
    program: str, arguments: Sequence[str], environment: Mapping[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run a program as ``python -c`` does; return how it ended and what it said.

    Args:
        program: its text. It finds the modules that the test finds.
        arguments: of the program.
        environment: all variables that it has.
        timeout: seconds; after them it is killed and subprocess.TimeoutExpired raised.
    """
    command = [program, *map(str, arguments)]
    return _finished(_python, command, Path.cwd(), environment, timeout)


def _finished(
    become: Callable[[list[str]], None],
    command: list[str],
    folder: Path,
    environment: Mapping[str, str],
    timeout: float,
) -> subprocess.CompletedProcess[str]:
    with TemporaryDirectory() as said:
        out, err = Path(said, "out"), Path(said, "err")
        process = _context.Process(
            target=_fork, args=(become, command, folder, dict(environment), out, err)
        )
        process.start()
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(command, timeout, out.read_text(), err.read_text())
        return subprocess.CompletedProcess(
            command, process.exitcode, out.read_text(), err.read_text()
        )


def _fork(
    become: Callable[[list[str]], None],
    command: list[str],
    folder: Path,
    environment: dict[str, str],
    out: Path,
    err: Path,
) -> None:
    """Be as if started in the folder, with the environment and the outputs; then the command."""
    for number, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    become(command)


def _snakemake(command: list[str]) -> None:
    sys.argv = command
    # Where the tests find what they import; a copy of the project has its own.
    ours = {str(ROOT), str(ROOT / "workflow"), str(ROOT / "tests")}
    sys.path = [path for path in sys.path if path not in ours]
    from snakemake.cli import main

    main(command[1:])


def _python(command: list[str]) -> None:
    program, *arguments = command
    sys.argv = ["-c", *arguments]
    exec(compile(program, "<string>", "exec"), {"__name__": "__main__"})
