"""MNIST on the Hub: 70,000 handwritten digits, 28x28 grey (LeCun et al., 1998)."""

from probecast.data.sources import HubDataset, Source

SOURCE = Source(
    name="mnist",
    family="mnist",
    modality="image",
    metric="accuracy",
    input_column="image",
    target_column="label",
    hub=HubDataset(
        path="ylecun/mnist",
        config="mnist",
        splits={"train": "train", "test": "test"},
        rows={"train": 60_000, "test": 10_000},
    ),
)
