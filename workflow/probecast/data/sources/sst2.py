"""SST-2 on the Hub: 68,221 phrases and sentences from film reviews (Socher et al., 2013).

The Hub's ``test`` split has no labels (GLUE keeps them), so its ``validation`` split is
our test split.
"""

from probecast.data.sources import HubDataset, Source

SOURCE = Source(
    name="sst2",
    family="sst2",
    modality="text",
    metric="accuracy",
    input_column="sentence",
    target_column="label",
    hub=HubDataset(
        path="stanfordnlp/sst2",
        splits={"train": "train", "test": "validation"},
        rows={"train": 67_349, "test": 872},
    ),
)
