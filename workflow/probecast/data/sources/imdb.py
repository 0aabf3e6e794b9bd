"""IMDb on the Hub: 50,000 film reviews, positive or negative (Maas et al., 2011).

The Hub's rows are sorted by label; a third split, ``unsupervised``, has no labels and is
not used.
"""

from probecast.data.sources import HubDataset, Source

SOURCE = Source(
    name="imdb",
    family="imdb",
    modality="text",
    metric="accuracy",
    input_column="text",
    target_column="label",
    hub=HubDataset(
        path="stanfordnlp/imdb",
        config="plain_text",
        splits={"train": "train", "test": "test"},
        rows={"train": 25_000, "test": 25_000},
    ),
)
