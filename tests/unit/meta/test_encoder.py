import json

import numpy as np
import pytest

from probecast.errors import ProbecastError
from probecast.files import sha256
from probecast.meta.encoder import MetaEncoder
from synthetic import quick_encoder, synthetic_task

NEW = synthetic_task(99).info
CONFIGURATION = {"learning_rate": 0.01, "layers": 3, "optimizer": "Adam"}


def test_it_is_the_same_after_writing_and_reading(tmp_path):
    encoder = quick_encoder()
    encoder.write(tmp_path)
    again = MetaEncoder.read(tmp_path)
    for one, two in zip(
        encoder.priors(NEW, [CONFIGURATION], [1, 5]),
        again.priors(NEW, [CONFIGURATION], [1, 5]),
        strict=True,
    ):
        for field in ("mean", "factors", "residual", "correlation", "noise"):
            np.testing.assert_array_equal(getattr(one, field), getattr(two, field))
    assert again.hash == encoder.hash == sha256(tmp_path / "encoder.safetensors")
    again.write(tmp_path / "copy")
    for name in ("encoder.safetensors", "card.json"):
        assert (tmp_path / name).read_bytes() == (tmp_path / "copy" / name).read_bytes()


def test_the_card_says_what_it_has_learnt_from(tmp_path):
    quick_encoder().write(tmp_path)
    card = json.loads((tmp_path / "card.json").read_text())
    assert card["sources"][3] == {
        "task": "t3-cnn",
        "family": "f3",
        "architecture": "cnn",
        "rows": 90,
    }
    assert card["settings"]["steps"] == 150
    assert card["weights_sha256"] == sha256(tmp_path / "encoder.safetensors")


def test_weights_and_card_that_do_not_belong_together_are_refused(tmp_path):
    quick_encoder().write(tmp_path)
    weights = tmp_path / "encoder.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(ProbecastError, match=r"encoder\.safetensors: does not match card\.json"):
        MetaEncoder.read(tmp_path)
    weights.unlink()
    with pytest.raises(ProbecastError, match="missing; rerun pretrain"):
        MetaEncoder.read(tmp_path)


def test_a_card_of_another_version_is_refused(tmp_path):
    quick_encoder().write(tmp_path)
    path = tmp_path / "card.json"
    card = json.loads(path.read_text())
    del card["encoding"]
    path.write_text(json.dumps(card))
    with pytest.raises(ProbecastError, match="no meta-encoder of this version"):
        MetaEncoder.read(tmp_path)


def test_any_space_and_any_number_of_epochs_is_taken():
    prior = quick_encoder().priors(NEW, [{"lr": 0.1}, {"learning_rate": 7.0}], [1, 2, 3])[0]
    assert prior.mean.shape == (2, 3)
    assert np.isfinite(prior.mean).all()
