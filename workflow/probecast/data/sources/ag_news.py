"""AG News on the Hub: 127,600 news items on four topics (Zhang, Zhao and LeCun, 2015)."""

from probecast.data.sources import HubDataset, Source

SOURCE = Source(
    name="ag_news",
    family="ag_news",
    modality="text",
    metric="accuracy",
    input_column="text",
    target_column="label",
    hub=HubDataset(
        path="fancyzhx/ag_news",
        splits={"train": "train", "test": "test"},
        rows={"train": 120_000, "test": 7_600},
    ),
)
