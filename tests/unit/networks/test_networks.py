"""What holds for every architecture: shapes, hyperparameters, padding, what it can take."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from kit.toy_data import SPECS, TASKS, configuration, spec_of, split
from probecast.errors import ProbecastError
from probecast.networks import ARCHITECTURES, build_network, constants, get_architecture

SEQUENCE_NETWORKS = ("rnn", "lstm", "transformer")


def build(architecture: str, spec=None, seed: int = 0, **changes) -> nn.Module:
    torch.manual_seed(seed)
    spec = spec or spec_of(architecture)
    return build_network(architecture, configuration(**changes), spec)


def parameter_count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def predict(network: nn.Module, inputs, lengths=None):
    with torch.inference_mode():
        return network.eval()(inputs, lengths)


@pytest.mark.parametrize("architecture", SEQUENCE_NETWORKS)
@pytest.mark.parametrize("dataset", ["images", "texts", "series"])
def test_sequence_networks_take_every_kind_of_input(architecture, dataset):
    spec = SPECS[dataset]
    outputs = predict(build(architecture, spec), split(spec, 5)["inputs"])
    assert outputs.shape == (5, spec.output_size)
    assert outputs.std(dim=0).min() > 0  # every output depends on the input


def test_cnn_takes_images_of_any_size_and_depth():
    for shape in ((3, 4, 4), (1, 28, 28), (3, 32, 20)):
        spec = replace(SPECS["images"], input_shape=shape)
        network = build("cnn", spec, layers=4)
        assert predict(network, torch.randn(2, *shape)).shape == (2, spec.output_size)


@pytest.mark.parametrize("side", [3, 7, 12, 28])
def test_cnn_trains_on_a_last_batch_of_one_image(side):
    network = build("cnn", replace(SPECS["images"], input_shape=(1, side, side)), layers=6)
    assert network.train()(torch.randn(1, 1, side, side)).isfinite().all()


@pytest.mark.parametrize("architecture", TASKS)
def test_layers_and_neurons_size_the_network(architecture):
    small = parameter_count(build(architecture))
    assert parameter_count(build(architecture, layers=3)) > small
    assert parameter_count(build(architecture, neurons=64)) > small


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_dropout_acts_in_training_only(architecture):
    inputs = split(spec_of(architecture), 6)["inputs"]
    network = build(architecture, dropout=0.5)

    def scores() -> torch.Tensor:
        outputs = network(inputs)
        return outputs[0] if isinstance(outputs, tuple) else outputs

    network.train()
    assert not torch.equal(scores(), scores())
    network.eval()
    assert torch.equal(scores(), scores())


@pytest.mark.parametrize("architecture", SEQUENCE_NETWORKS)
def test_padding_of_tokens_changes_nothing(architecture):
    spec = replace(SPECS["texts"], input_shape=(15,))
    network = build(architecture, spec)
    short = torch.tensor([[3, 4, 5, 0], [6, 7, 8, 9]])
    long = torch.cat([short, torch.zeros(2, 11, dtype=torch.int64)], dim=1)
    torch.testing.assert_close(predict(network, long), predict(network, short))


@pytest.mark.parametrize("architecture", SEQUENCE_NETWORKS)
@pytest.mark.parametrize("output_kind", ["classes", "values"])
def test_what_lies_beyond_the_length_of_vectors_changes_nothing(architecture, output_kind):
    spec = replace(SPECS["series"], output_kind=output_kind)
    network = build(architecture, spec)
    inputs, lengths = torch.randn(3, 12, 2), torch.tensor([12, 7, 1])
    other = inputs.clone()
    other[1, 7:], other[2, 1:] = 100.0, -100.0
    torch.testing.assert_close(predict(network, other, lengths), predict(network, inputs, lengths))


@pytest.mark.parametrize("architecture", SEQUENCE_NETWORKS)
def test_the_order_of_a_sequence_matters(architecture):
    inputs = split(SPECS["series"], 4)["inputs"]
    network = build(architecture, SPECS["series"])
    assert not torch.allclose(predict(network, inputs), predict(network, inputs.flip(1)))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_seed_determines_the_weights(architecture):
    first, again, other = (build(architecture, seed=seed) for seed in (0, 0, 1))
    inputs = split(spec_of(architecture), 4)["inputs"]
    outputs = [predict(network, inputs) for network in (first, again, other)]
    scores = [o[0] if isinstance(o, tuple) else o for o in outputs]
    assert torch.equal(scores[0], scores[1])
    assert not torch.equal(scores[0], scores[2])


def test_a_width_that_32_does_not_divide_still_gives_a_transformer():
    outputs = predict(build("transformer", neurons=100), split(SPECS["texts"], 2)["inputs"])
    assert outputs.shape == (2, 3)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_what_an_architecture_takes_is_known_without_importing_it(architecture):
    module, known = get_architecture(architecture), constants(architecture)
    for key in ("INPUT_KINDS", "OUTPUT_KINDS", "HYPERPARAMETERS", "DEFAULTS"):
        assert known.get(key) == getattr(module, key, None)


@pytest.mark.parametrize(
    ("architecture", "dataset", "fitting"),
    [
        ("cnn", "texts", "rnn, lstm, transformer"),
        ("deepspeech", "images", "cnn, rnn, lstm, transformer"),
        ("lstm", "speech", "deepspeech"),
    ],
)
def test_a_mismatch_names_both_sides_and_what_fits(architecture, dataset, fitting):
    with pytest.raises(ProbecastError) as caught:
        build(architecture, SPECS[dataset])
    message = str(caught.value)
    assert repr(architecture) in message
    assert repr(dataset) in message
    assert f"use one of: {fitting}." in message


def test_an_unknown_architecture_is_met_with_the_nearest_name():
    with pytest.raises(ProbecastError, match="Did you mean 'transformer'"):
        get_architecture("tranformer")
