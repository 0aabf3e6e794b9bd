"""LoRA on the toy encoder: what is trained, what is not, and what cannot be adapted."""

import builtins
from dataclasses import replace

import pytest
import torch

from kit.tiny_encoder import pieces_spec, tiny_encoder
from kit.toy_data import splits
from probecast.data.text_encoders import load_encoder
from probecast.errors import ProbecastError
from probecast.networks import build_network
from probecast.networks.adapters import QUERY_AND_VALUE, add_lora, lora_arguments
from probecast.torchaudio_stub import ensure_importable
from probecast.training.cost import flops_per_example
from probecast.training.loop import Trial, complete, train
from probecast.training.settings import TrainingSettings

ensure_importable()
pytest.importorskip("peft")

CONFIGURATION = {
    "learning_rate": 0.01,
    "batch_size": 16,
    "warmup_share": 0.1,
    "weight_decay": 0.1,  # would move a weight that has no gradient, too
}
SETTINGS = TrainingSettings(epochs=2)
LAYERS, WIDTH = 2, 32  # of the toy encoder


def trial(architecture="lora", **changes):
    spec = pieces_spec()
    configuration = complete(architecture, {**CONFIGURATION, **changes})
    return Trial(architecture, spec, splits(spec), configuration, 7, SETTINGS)


def trained(architecture, **changes):
    spec = pieces_spec()
    configuration = {**CONFIGURATION, **changes}
    return [
        (r.train_loss, r.val_loss, r.val_metric, r.test_metric, r.flops, r.status)
        for r in train(architecture, spec, splits(spec), configuration, 7, SETTINGS)
    ]


def test_rank_0_is_the_same_training_bit_for_bit():
    assert trained("finetune") == trained("finetune", lora_rank=0) == trained("lora", lora_rank=0)


def test_without_a_rank_peft_is_not_asked(monkeypatch):
    monkeypatch.setattr("probecast.networks.finetune.add_lora", None)
    trial("finetune")
    trial("lora", lora_rank=0)


def test_frozen_weights_do_not_move_and_adapters_and_output_do():
    ours = trial(lora_rank=4)
    before = {name: weight.clone() for name, weight in ours.network.named_parameters()}
    ours.train_epoch(1)
    moved = {
        name for name, weight in ours.network.named_parameters() if not weight.equal(before[name])
    }
    assert {name for name in moved if "lora_" not in name} == {"output.weight", "output.bias"}
    assert any("lora_A" in name for name in moved) and any("lora_B" in name for name in moved)
    assert moved == {name for name, w in ours.network.named_parameters() if w.requires_grad}


@pytest.mark.parametrize("rank", [1, 4])
def test_so_many_weights_are_trained_as_lora_has(rank):
    network = trial(lora_rank=rank).network
    count = sum(w.numel() for n, w in network.named_parameters() if "lora_" in n)
    assert count == LAYERS * 2 * rank * (WIDTH + WIDTH)  # query and value, each A and B


def test_training_begins_at_the_pretrained_encoder():
    spec = pieces_spec()
    inputs = splits(spec)["test"]["inputs"]
    networks = []
    for rank in (0, 4):
        torch.manual_seed(0)
        network = build_network(
            "lora", complete("lora", {**CONFIGURATION, "lora_rank": rank}), spec
        )
        networks.append(network.eval())
    with torch.inference_mode():
        torch.testing.assert_close(networks[0](inputs), networks[1](inputs))


def test_a_trial_leaves_the_pretrained_encoder_without_adapters():
    trial(lora_rank=4)
    names = [name for name, _ in load_encoder(tiny_encoder(), "pieces").named_parameters()]
    assert not any("lora_" in name for name in names)


def test_what_is_frozen_costs_less():
    spec = pieces_spec()
    whole, adapted = (
        flops_per_example("lora", complete("lora", {**CONFIGURATION, "lora_rank": rank}), spec)
        for rank in (0, 4)
    )
    assert 0.5 * whole < adapted < 0.9 * whole


def test_alpha_is_twice_the_rank():
    arguments = lora_arguments(8)
    assert (arguments["r"], arguments["lora_alpha"]) == (8, 16)
    assert {"query", "value"} <= set(arguments["target_modules"]) == set(QUERY_AND_VALUE)


def test_a_rank_above_the_width_is_refused():
    message = rf"^space\.lora_rank: found 33, but the projections .* are only {WIDTH} wide; lower"
    with pytest.raises(ProbecastError, match=message):
        trial(lora_rank=33)


def test_a_model_without_such_layers_is_refused():
    encoder = torch.nn.Sequential(torch.nn.Linear(4, 4))
    with pytest.raises(ProbecastError, match=r"^space\.lora_rank: .*'some' has no layer called"):
        add_lora(encoder, 2, "some")


def test_where_peft_is_missing_that_is_said(monkeypatch):
    real = builtins.__import__

    def without_peft(name, *arguments, **others):
        if name == "peft":
            raise ImportError("No module named 'peft'")
        return real(name, *arguments, **others)

    monkeypatch.setattr(builtins, "__import__", without_peft)
    with pytest.raises(ProbecastError, match=r"^space\.lora_rank: found 4, .*pip install peft"):
        trial(lora_rank=4)
    trial(lora_rank=0)  # which needs none


@pytest.mark.parametrize("rank", [-1, 2.5])
def test_a_rank_is_a_whole_number(rank):
    with pytest.raises(ProbecastError, match=r"lora_rank: found .*; it must be a whole number"):
        complete("lora", {**CONFIGURATION, "lora_rank": rank})


def test_adapters_are_for_pieces_only():
    with pytest.raises(ProbecastError, match=r"pretrained: missing, .*'lora' needs"):
        build_network("lora", CONFIGURATION, replace(pieces_spec(), pretrained=None))
