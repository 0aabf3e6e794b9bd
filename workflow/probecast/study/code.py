"""Which code the stages of a study depend on, as hashes: a change reruns just what it touches."""

from collections.abc import Iterable

from probecast.code_hash import PACKAGE, code_hash, imported_by
from probecast.data.sources import SOURCES
from probecast.networks import module_name
from probecast.study.model import Study

SCRIPTS = PACKAGE.parent / "scripts"


def code_of(script: str, *by_name: str, files: tuple[str, ...] = ()) -> str:
    """Return a hash of what a script imports, and of modules and files that it loads by name.

    Args:
        script: its name in ``workflow/scripts``.
        by_name: the modules.
        files: the files.
    """
    return code_hash(*sorted(imported_by(SCRIPTS / f"{script}.py")), *by_name, files=files)


def network_code(script: str, study: Study, tasks: Iterable[str], *by_name: str) -> str:
    """Return the hash for a script that trains, or looks into, the networks of some tasks."""
    networks = {module_name(study.network_of(task)) for task in tasks}
    files = {study.architecture(task).file for task in tasks} - {None}
    return code_of(script, *sorted(networks), *by_name, files=tuple(sorted(files)))


def source_module(study: Study, dataset: str) -> str:
    """Return the module that makes a dataset what it is."""
    if study.dataset(dataset).own:
        return "probecast.data.user.source"
    return SOURCES[study.source_of(dataset).name]
