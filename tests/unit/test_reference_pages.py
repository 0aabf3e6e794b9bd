import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from docs import generate as reference
from probecast.trials import IDENTITY, MEASURED

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("place", reference.MADE)
def test_what_is_committed_is_up_to_date(place):
    made = reference.MADE[place]()
    assert (ROOT / place).read_text() == made, "run: make schema"


def test_every_column_of_a_trial_table_has_its_meaning():
    page = reference.files_page()
    assert all(f"| `{name}` | " in page for name in (*IDENTITY, *MEASURED))


@pytest.mark.parametrize(
    "path", [ROOT / "config.yaml", *(ROOT / "studies").rglob("*.yaml")], ids=lambda path: path.name
)
def test_editors_find_the_schema_by_the_first_line_of_every_study_file(path):
    first = path.read_text().splitlines()[0]
    key, _, schema = first.partition("=")
    assert key == "# yaml-language-server: $schema"
    assert (path.parent / schema).resolve() == ROOT / "workflow/schemas/study.schema.json"


@pytest.mark.parametrize("path", [ROOT / "config.yaml", *(ROOT / "studies").glob("*.yaml")])
def test_schema_accepts_the_shipped_studies(path):
    jsonschema.validate(yaml.safe_load(path.read_text()), json.loads(reference.schema()))


def test_schema_refuses_an_unknown_key():
    study = yaml.safe_load((ROOT / "config.yaml").read_text())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**study, "epoch": 1}, json.loads(reference.schema()))
