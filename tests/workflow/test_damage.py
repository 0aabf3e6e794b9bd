"""Damaged results, a full disk, read-only results: one clear error, nothing half-written."""

import re
import subprocess
from pathlib import Path

import pytest

from kit.kill_and_resume import differences
from kit.projects import ROOT, fresh_project
from probecast.data.raw import RawFile
from probecast.data.spec import DataSpec, read_tensors
from probecast.errors import ProbecastError
from probecast.evaluation.choices import read_choices
from probecast.files import checked, read_csv, read_json, read_parquet
from probecast.learner.encoder import MetaEncoder
from probecast.trials import read_table

pytestmark = pytest.mark.study

# How the next stage reads what each stage wrote.
READERS = {
    "data/*/raw/*.parquet": RawFile,
    "data/*/raw/source.json": read_json,
    "data/*.lock.json": read_json,
    "data/*/*.safetensors": read_tensors,
    "data/*/spec.json": DataSpec.read,
    "trials/*/*.parquet": read_table,
    "trials/*/choices.json": read_choices,
    "meta/*/*.safetensors": lambda path: MetaEncoder.read(path.parent),
    "meta/*/card.json": lambda path: MetaEncoder.read(path.parent),
    "predictions/*.json": read_json,
    "baselines/*.parquet": read_parquet,
    "evaluate/*.csv": read_csv,
    "evaluate/*.json": read_json,
}


def flipped(content, share=0.5):
    place = int(len(content) * share)
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


DAMAGES = {
    "emptied": lambda content: b"",
    "truncated": lambda content: content[: len(content) * 2 // 3],
    "flipped in the beginning": lambda content: flipped(content, 0.1),
    "flipped in the middle": flipped,
    "flipped at the end": lambda content: flipped(content, 0.99),
}


def test_every_file_of_every_stage_is_refused_by_name_when_damaged(project):
    """In all ways, by the function that the next stage reads it with."""
    results = project.folder / "results"
    tried = set()
    assert looked_through(project) == 0
    for pattern, read in READERS.items():
        for path in results.glob(pattern):
            content = path.read_bytes()
            read(path)
            for name, damage in DAMAGES.items():
                path.write_bytes(damage(content))
                with pytest.raises(ProbecastError) as refused:
                    read(path)
                assert f"{path}: damaged" in str(refused.value), name
                assert "delete the file and run the same command again" in str(refused.value)
            path.write_bytes(content)
            tried.add(str(path.relative_to(results)))
    assert tried == project.contents().keys()
    print(f"{len(tried)} files, {len(tried) * len(DAMAGES)} damages tried and refused")


@pytest.mark.parametrize(
    "targets",
    [
        ["results/trials/digits-cnn/sweep.parquet"],
        pytest.param([], marks=pytest.mark.slow),
    ],
    ids=["its task's sweep", "whole study"],
)
def test_a_damaged_part_stops_its_task_and_is_made_again_without_training(project, targets):
    whole = project.contents()
    part = project.folder / "results/trials/digits-cnn/sweep-1.parquet"
    part.write_bytes(flipped(part.read_bytes()))
    assert looked_through(project) != 0
    done = project.snakemake(*targets, check=False)
    assert done.returncode != 0
    assert "sweep-1.parquet: damaged" in done.stderr
    assert "Traceback" not in done.stderr
    part.unlink()
    project.snakemake(*targets)
    log = project.folder / "results/logs/sweep/digits-cnn-1.log"
    assert "resumes with 3 of 3 trials" in log.read_text()
    assert not differences(whole, project.contents())


def looked_through(project):
    """The status of the command that docs/reliability.md gives to look at all files at once."""
    page = (ROOT / "docs/reliability.md").read_text()
    (command,) = re.findall(r"`(find results .*)`", page)
    return subprocess.run(["bash", "-c", command], cwd=project.folder, check=False).returncode


@pytest.fixture
def small_disk(tmp_path):
    """A fresh study whose results lie on a disk of 100 kB; and how to mount that otherwise."""
    project = fresh_project(tmp_path / "project")
    results = project.folder / "results"
    results.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", str(results)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting a small disk needs root and the right to mount")

    def remount(options):
        subprocess.run(["mount", "-o", f"remount,{options}", str(results)], check=True)

    yield project, remount
    subprocess.run(["umount", str(results)], check=True)


@pytest.mark.slow
def test_full_and_read_only_disks_are_one_clear_error_and_leave_nothing_half_written(small_disk):
    project, remount = small_disk
    target = "results/data/digits/spec.json"
    done = project.snakemake(target, cores=1, check=False)
    assert done.returncode != 0
    assert "No space left on device" in done.stderr
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert not half_written(project)
    remount("size=50m,ro")
    done = project.snakemake(target, cores=1, check=False)
    assert done.returncode != 0
    assert "Read-only file system" in done.stderr
    remount("size=50m,rw")
    project.snakemake(target, cores=1)
    assert not half_written(project)


def half_written(project) -> list[Path]:
    """Data that are not whole, by their seals and their names."""
    folder = project.folder / "results/data"
    parts = list(folder.rglob("*.part"))
    for path in folder.rglob("[!.]*.*"):
        if path.is_file():
            checked(path)
    return parts
