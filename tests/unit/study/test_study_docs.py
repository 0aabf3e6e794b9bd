import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from probecast.study import docs as reference

ROOT = Path(__file__).parents[3]


def test_committed_schema_and_page_are_up_to_date():
    message = "run: python -m probecast.study.docs"
    assert reference.SCHEMA.read_text() == reference.schema(), message
    assert reference.PAGE.read_text() == reference.page(), message


@pytest.mark.parametrize("path", [ROOT / "config.yaml", *(ROOT / "studies").glob("*.yaml")])
def test_schema_accepts_the_shipped_studies(path):
    jsonschema.validate(yaml.safe_load(path.read_text()), json.loads(reference.schema()))


def test_schema_refuses_an_unknown_key():
    study = yaml.safe_load((ROOT / "config.yaml").read_text())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**study, "epoch": 1}, json.loads(reference.schema()))
