"""Networks of the user's own: what works, and what every broken one is told."""

import re
import textwrap

import pytest
import torch
from torch import nn

from kit.toy_data import SPECS, configuration, splits
from probecast.errors import ProbecastError
from probecast.networks import build_network, get_architecture
from probecast.networks.user import Watched
from probecast.training.check import check_network
from probecast.training.cost import flops_per_example
from probecast.training.loop import train
from probecast.training.settings import TrainingSettings

SETTINGS = TrainingSettings(epochs=2)
LOOP = {"learning_rate": 0.01, "batch_size": 16, "optimizer": "Adam"}
WIDE = [{**LOOP, "width": width} for width in (8, 16)]

GOOD = """
    import torch
    from torch import nn

    class Network(nn.Module):
        def __init__(self, width, spec):
            super().__init__()
            pixels = spec.input_shape[0] * spec.input_shape[1] * spec.input_shape[2]
            self.hidden, self.output = nn.Linear(pixels, width), nn.Linear(width, spec.output_size)
            self.dropout = nn.Dropout(0.5)

        def forward(self, images, lengths):
            return self.output(self.dropout(self.hidden(images.flatten(1)).relu()))

    def build(configuration, spec):
        return Network(configuration["width"], spec)
"""
SEQUENTIAL = """
    from torch import nn

    def build(configuration, spec):
        return nn.Sequential(nn.Flatten(), nn.Linear(64, configuration["width"]), nn.ReLU(),
                             nn.Linear(configuration["width"], spec.output_size))
"""


@pytest.fixture
def own(tmp_path):
    """Write the text of a network's file; return what the architecture is called."""

    def write(text: str, name: str = "my_net.py") -> str:
        (tmp_path / name).write_text(textwrap.dedent(text))
        return f"{tmp_path / name}:build"

    return write


def check(architecture, dataset="images", configurations=WIDE):
    return check_network(architecture, SPECS[dataset], configurations, SETTINGS)


@pytest.mark.parametrize("text", [GOOD, SEQUENTIAL], ids=["module", "sequential"])
def test_a_good_network_is_told_what_it_reads_and_how_large_it_is(own, text):
    sizes = [64 * width + width + width * 3 + 3 for width in (8, 16)]
    assert check(own(text)) == {"read": ["width"], "parameters": sizes, "configurations": 2}


def test_it_is_trained_like_any_other_and_learns(own):
    architecture, spec = own(GOOD), SPECS["images"]
    settings = TrainingSettings(epochs=6)
    runs = [
        list(train(architecture, spec, splits(spec), {**WIDE[1], "momentum": 0.8}, 0, settings))
        for _ in range(2)
    ]
    first, again = ([(r.train_loss, r.test_metric) for r in run] for run in runs)
    assert first == again
    assert first[-1][0] < 0.7 * first[0][0]


def test_its_cost_is_counted(own):
    """Forward, and twice as much backward, except towards the images."""
    flops = flops_per_example(own(GOOD), WIDE[0], SPECS["images"])
    assert flops == 2 * (2 * 64 * 8 + 3 * 8 * 3)


def test_the_cost_of_an_lstm_is_counted_although_it_is_one_operation(own):
    architecture = own("""
        from torch import nn

        class Network(nn.Module):
            def __init__(self, width, spec):
                super().__init__()
                self.lstm = nn.LSTM(2, width, batch_first=True, bidirectional=True)
                self.output = nn.Linear(2 * width, spec.output_size)

            def forward(self, inputs, lengths):
                return self.output(self.lstm(inputs)[0][:, -1])

        def build(configuration, spec):
            return Network(configuration["width"], spec)
    """)
    small, large = (flops_per_example(architecture, c, SPECS["series"]) for c in WIDE)
    forward = 2 * 12 * 2 * 4 * 8 * (2 + 8)  # both directions, 12 steps
    assert 2 * forward < small < 4 * forward
    assert large > 2 * small


@pytest.mark.parametrize("dataset", ["texts", "speech"])
def test_lengths_come_with_texts_and_speech(own, dataset):
    architecture = own("""
        import torch
        from torch import nn

        class Network(nn.Module):
            def __init__(self, width, spec):
                super().__init__()
                self.spec = spec
                self.into = (nn.Embedding(spec.vocabulary_size, width)
                             if spec.input_kind == "tokens" else nn.Linear(5, width))
                self.output = nn.Linear(width, spec.output_size)

            def forward(self, inputs, lengths):
                steps = torch.arange(inputs.shape[1]) < lengths[:, None]
                states = self.into(inputs) * steps[..., None]
                if self.spec.output_kind == "characters":
                    return self.output(states), lengths
                return self.output(states.sum(1) / lengths[:, None])

        def build(configuration, spec):
            return Network(configuration["width"], spec)
    """)
    check(architecture, dataset)
    spec = SPECS[dataset]
    assert next(train(architecture, spec, splits(spec), WIDE[0], 0, SETTINGS)).status == "ok"


def test_hyperparameters_of_any_name_and_kind_reach_the_function(own):
    architecture = own("""
        from torch import nn

        def build(configuration, spec):
            layer = {"relu": nn.ReLU, "tanh": nn.Tanh}[configuration["activation"]]
            head = nn.LayerNorm(64) if configuration["norm"] else nn.Identity()
            return nn.Sequential(nn.Flatten(), head, layer(), nn.Linear(64, 3))
    """)
    both = {**LOOP, "activation": "relu", "norm": True}
    around = [both, {**both, "norm": False}, {**both, "activation": "tanh"}]
    assert check(architecture, configurations=around)["read"] == ["activation", "norm"]


def test_a_configuration_remembers_what_was_read_and_cannot_be_changed():
    watched = Watched({"a": 1, "b": 2, "c": 3})
    assert watched["a"] == 1 and watched.get("b") == 2 and "c" in watched
    assert watched.read == {"a", "b"}
    assert dict(**watched) == {"a": 1, "b": 2, "c": 3}
    assert watched.read == {"a", "b", "c"}
    with pytest.raises(TypeError):
        watched["a"] = 2


def network(forward="return self.output(inputs.flatten(1))", setup="pass", build="Network(spec)"):
    """The text of a network of one linear layer, with something in it replaced."""
    return f"""
        import random
        import torch
        from torch import nn

        class Network(nn.Module):
            def __init__(self, spec):
                super().__init__()
                self.output = nn.Linear(64, spec.output_size)
                {setup}

            def forward(self, inputs, lengths):
                {forward}

        def build(configuration, spec):
            configuration["width"]
            return {build}
    """


BROKEN = {
    "syntax error": (
        "def build(configuration, spec)\n    pass",
        r"line 1: not valid Python \(exp",
    ),
    "no such function": ("def biuld(c, s): pass", r"has no function 'build'.*mean 'biuld'"),
    "no function at all": ("x = 1", "has no function 'build'; .* no function at all"),
    "not a function": ("build = 3", "'build' is 3, but has to be a function"),
    "wrong signature": (
        "def build(configuration): pass",
        r"build\(configuration\) cannot be call",
    ),
    "too many arguments": ("def build(c, s, depth): pass", "give it these two arguments"),
    "a package that is not there": (
        "import no_such_package\ndef build(c, s): pass",
        "line 1: ModuleNotFoundError: .*no_such_package.* what it imports must be installed",
    ),
    "a neighbour that is not found": (
        "from layers import Block\ndef build(c, s): pass",
        "line 1: ModuleNotFoundError: No module named 'layers'",
    ),
    "exit": ("import sys\nsys.exit(0)\ndef build(c, s): pass", "line 2: SystemExit: 0; while it"),
    "raises when built": (network(build="1 / 0"), r"line 17: ZeroDivisionError: .* build\(\) bui"),
    "reads what is not there": (
        network(setup="configuration", build="configuration['widht']"),
        "line 17: reads the hyperparameter 'widht', which the space does not have; .*'width'",
    ),
    "changes the configuration": (
        network(build="configuration.update(width=1)"),
        "line 17: AttributeError: 'Watched' object has no attribute 'update'",
    ),
    "reads too little": (
        SEQUENTIAL.replace('configuration["width"]', "8"),
        "nothing reads width:",
    ),
    "returns nothing": (network(build="None"), r"build\(\) returned NoneType.*a `return` missing"),
    "returns the class": (
        network(build="Network"),
        "returned type, but has to return a torch.nn.M",
    ),
    "no parameters": (network(build="nn.Flatten()"), "has no trainable parameters"),
    "frozen": (network(build="Network(spec).requires_grad_(False)"), "no trainable parameters"),
    "double precision": (
        network(build="Network(spec).double()"),
        "parameters are of torch.float64",
    ),
    "another default": (
        network(setup="torch.set_default_dtype(torch.float64)"),
        "changes PyTorch's default dtype",
    ),
    "raises when run": (
        network(forward="return inputs.nonsense"),
        "line 13: AttributeError: .*nons",
    ),
    "does not fit the data": (
        network(build="nn.Sequential(nn.Flatten(), nn.Linear(63, 3))"),
        r"RuntimeError: mat1 and mat2 .*; while inputs of shape \(3, 1, 8, 8\) are run",
    ),
    "returns an object": (
        network(forward="return {'logits': inputs}"),
        r"returns a dict, but has to return a tensor \(batch, 3\)",
    ),
    "wrong number of classes": (
        network(setup="self.output = nn.Linear(64, 10)"),
        r"scores of shape \(3, 10\) for a batch of 3, but has to return \(3, 3\) \(conf",
    ),
    "no batch dimension": (
        network(forward="return self.output(inputs.flatten(1)).mean(0)"),
        r"shape \(3,\) for a batch of 3.*; the batch's dimension is lost",
    ),
    "squeezed": (
        network(forward="return self.output(inputs.flatten(1)).squeeze()"),
        r"shape \(3,\) for a batch of 1, .*; the batch's dimension is lost",
    ),
    "labels for scores": (
        network(forward="return self.output(inputs.flatten(1)).long()"),
        "the scores are torch.int64, but have to be floating-point",
    ),
    "no gradient": (
        network(forward="return self.output(inputs.flatten(1)).detach()"),
        "the scores have no gradient",
    ),
    "NaN at once": (
        network(forward="return self.output(inputs.flatten(1)) * float('nan')"),
        "the scores of made-up inputs are not finite, before any training",
    ),
    "mixes the batch": (
        network(forward="return self.output(inputs.flatten(1)).softmax(0)"),
        "the scores of an example depend on the others in its batch",
    ),
    "always dropout": (
        network(forward="return self.output(nn.functional.dropout(inputs.flatten(1)))"),
        "depend on the others in its batch|differ between two calls in evaluation mode",
    ),
    "noise in evaluation": (
        network(forward="return self.output(inputs.flatten(1)) + 1e-5 * torch.rand(3)"),
        r"differ between two calls in evaluation mode; .* self\.training",
    ),
    "weights from elsewhere": (
        network(setup="nn.init.constant_(self.output.bias, random.random())"),
        "two networks built with the same seed differ; .* not from `random`",
    ),
    "noise from elsewhere": (
        network(
            forward="return self.output(inputs.flatten(1) * (1 + random.random() * self.training))"
        ),
        "training twice with the same seed leads to losses",
    ),
    "changes on the way back": (
        network(forward="x = self.output(inputs.flatten(1)).exp(); x += 1; return x"),
        "modified by an inplace operation.*; while batches of 3 are trained on",
    ),
    "a loss that is not finite": (
        network(
            forward="x = self.output(inputs.flatten(1)); return x / (0 if self.training else 1)"
        ),
        "the loss of the first two training steps is (nan|inf)",
    ),
}


@pytest.mark.parametrize(("text", "message"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_network_is_explained_before_any_training(own, text, message):
    architecture = own(text)
    file = re.escape(architecture.removesuffix(":build"))
    with pytest.raises(ProbecastError, match=rf"(?s)^{file}.*({message})"):
        check(architecture)


def test_a_file_that_is_not_there_or_no_text_is_explained(tmp_path):
    with pytest.raises(ProbecastError, match=r"no\.py: there is no such file; correct the path"):
        get_architecture(f"{tmp_path / 'no.py'}:build")
    with pytest.raises(ProbecastError, match="cannot be read .*; give a Python file"):
        get_architecture(f"{tmp_path}:build")
    (tmp_path / "image.py").write_bytes(b"\x89PNG\xff")
    with pytest.raises(ProbecastError, match="cannot be read .*; give a Python file"):
        get_architecture(f"{tmp_path / 'image.py'}:build")


TEXTS = """
    from torch import nn

    class Network(nn.Module):
        def __init__(self, width, spec):
            super().__init__()
            self.embed = nn.Embedding(spec.vocabulary_size, width)
            self.output = nn.Linear(width * {steps}, spec.output_size)

        def forward(self, tokens, lengths):
            return self.output(self.embed(tokens).{pool})

    def build(configuration, spec):
        return Network(configuration["width"], spec)
"""


def test_texts_may_be_shorter_than_the_longest(own):
    check(own(TEXTS.format(steps=1, pool="mean(1)"), "mean.py"), "texts")
    with pytest.raises(ProbecastError, match=r"RuntimeError.*inputs of shape \(3, 5\) are run"):
        check(own(TEXTS.format(steps=10, pool="flatten(1)"), "flat.py"), "texts")


SPEECH = """
    import torch
    from torch import nn

    class Network(nn.Module):
        def __init__(self, width, spec):
            super().__init__()
            self.output = nn.Linear(5, spec.output_size)

        def forward(self, inputs, lengths):
            scores = self.output(inputs)
            return {returned}

    def build(configuration, spec):
        return Network(configuration["width"], spec)
"""


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ("scores", "returns a Tensor, but for characters it has to return a pair"),
        ("scores, lengths.float()", r"the lengths .*, but has to return int64 \(3,\)"),
        ("scores, lengths * 2", "each at most the 30 steps of the scores"),
        ("scores[..., :2], lengths", r"shape \(3, 30, 2\) .* has to return \(3, 30, 4\)"),
    ],
)
def test_scores_of_characters_need_their_lengths(own, returned, message):
    with pytest.raises(ProbecastError, match=f"(?s){message}"):
        check(own(SPEECH.format(returned=returned)), "speech")


def test_a_single_example_in_the_last_batch_is_tried_where_it_comes_to_that(own):
    text = network(setup="self.output = nn.Sequential(nn.Linear(64, 3), nn.BatchNorm1d(3))")
    check(own(text, "a.py"))  # 40 examples in batches of 16
    thirteen = [{**WIDE[0], "batch_size": 13}]
    with pytest.raises(
        ProbecastError, match="more than 1 value per channel.* batches of 1 are tr"
    ):
        check(own(text, "b.py"), configurations=thirteen)


def test_what_goes_wrong_only_later_still_names_the_file(own):
    architecture = own(
        network(forward="return self.output(inputs.flatten(1))[: 5 if len(inputs) == 8 else None]")
    )
    spec = SPECS["images"]
    with pytest.raises(ProbecastError, match=r"my_net\.py: ValueError: Expected .* is trained"):
        next(train(architecture, spec, splits(spec), WIDE[0], 0, SETTINGS))


def test_what_the_loop_needs_is_asked_of_every_network(own):
    spec = SPECS["images"]
    with pytest.raises(ProbecastError, match=r"missing \['batch_size', 'learning_rate'\]"):
        next(train(own(GOOD), spec, splits(spec), {"optimizer": "SGD", "width": 8}, 0, SETTINGS))


def test_dropout_in_it_is_the_fast_one(own):
    built = build_network(own(GOOD), WIDE[0], SPECS["images"])
    assert type(built.dropout) is not nn.Dropout
    assert isinstance(built.dropout, nn.Dropout)


def test_a_built_in_network_is_no_file():
    assert get_architecture("cnn").__name__ == "probecast.networks.cnn"
    assert build_network("cnn", configuration(), SPECS["images"])(
        torch.rand(2, 1, 8, 8)
    ).shape == (2, 3)
