"""The workflow as a module of another one, which lies elsewhere."""

import os
import re
import subprocess
import sys

import pytest
import yaml

from kit.projects import ROOT, TINY

pytestmark = pytest.mark.study

IMPORTER = """
configfile: "ours.yaml"

module probecast:
    snakefile: "{root}/Snakefile"
    config: config["study"]

use rule * from probecast as pc_*
"""
OWN = {"mine": {"own": {"modality": "text", "files": {"train": "texts.csv"}}}}


@pytest.fixture
def plan(tmp_path):
    """What Snakemake says that it would do to make a dataset of texts beside the importer."""
    (tmp_path / "Snakefile").write_text(IMPORTER.format(root=ROOT))
    (tmp_path / "texts.csv").write_text("text,label\na good day,1\na bad night,0\n")

    def planned(**changes):
        study = {**TINY, "tasks": ["mine-rnn"], "datasets": OWN, **changes}
        (tmp_path / "ours.yaml").write_text(yaml.safe_dump({"study": study}))
        command = [sys.executable, "-m", "snakemake", "--dry-run", "results/data/mine/spec.json"]
        without = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        return subprocess.run(
            command,
            cwd=tmp_path,
            env=without,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return planned


def test_what_the_importer_configures_is_the_study(plan, tmp_path):
    done = plan()
    assert done.returncode == 0, done.stdout + done.stderr
    jobs = dict(re.findall(r"^(\w+) +(\d+)$", done.stdout, re.MULTILINE))
    assert jobs == {"pc_download": "1", "pc_preprocess": "1", "total": "2"}
    # Relative paths in it count from the importer's folder.
    assert f"input: {tmp_path}/texts.csv\n" in done.stdout


def test_what_is_wrong_with_it_is_told_with_the_importers_file(plan):
    done = plan(seed=-1)
    assert done.returncode != 0
    assert re.search(r"ours\.yaml: seed: found -1", done.stdout + done.stderr)
    assert "Traceback" not in done.stderr


def test_braces_in_the_path_of_a_users_file_are_no_wildcards(plan, tmp_path):
    (tmp_path / "run{2024}").mkdir()
    (tmp_path / "texts.csv").rename(tmp_path / "run{2024}" / "texts.csv")
    own = {**OWN["mine"]["own"], "files": {"train": "run{2024}/texts.csv"}}
    done = plan(datasets={"mine": {"own": own}})
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^total +2$", done.stdout, re.MULTILINE)
