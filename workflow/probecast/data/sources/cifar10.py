"""CIFAR-10 on the Hub: 60,000 photographs of ten things, 32x32 RGB (Krizhevsky, 2009)."""

from probecast.data.sources import HubDataset, Source

SOURCE = Source(
    name="cifar10",
    family="cifar10",
    modality="image",
    metric="accuracy",
    input_column="img",
    target_column="label",
    hub=HubDataset(
        path="uoft-cs/cifar10",
        config="plain_text",
        splits={"train": "train", "test": "test"},
        rows={"train": 50_000, "test": 10_000},
    ),
)
