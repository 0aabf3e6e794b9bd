"""Datasets on the Hugging Face Hub, one row each.

In their order: LeCun et al. (1998), Krizhevsky (2009), Maas et al. (2011), Zhang, Zhao and LeCun
(2015), Socher et al. (2013), Panayotov et al. (2015).
"""

from probecast.data.sources import HubDataset, Source

# name, modality, input and target column, repository, configuration, rows of train and test
TABLE = (
    ("mnist", "image", "image", "label", "ylecun/mnist", "mnist", 60_000, 10_000),
    ("cifar10", "image", "img", "label", "uoft-cs/cifar10", "plain_text", 50_000, 10_000),
    ("imdb", "text", "text", "label", "stanfordnlp/imdb", "plain_text", 25_000, 25_000),
    ("ag_news", "text", "text", "label", "fancyzhx/ag_news", None, 120_000, 7_600),
    ("sst2", "text", "sentence", "label", "stanfordnlp/sst2", None, 67_349, 872),
    ("librispeech", "speech", "audio", "text", "openslr/librispeech_asr", "clean", None, None),
)
SPLITS = {
    "sst2": {"train": "train", "test": "validation"},  # GLUE keeps the labels of its `test`
    "librispeech": {"train": "train.100", "test": "test"},
}

DATASETS: dict[str, Source] = {}
for name, modality, inputs, targets, path, config, train, test in TABLE:
    splits = SPLITS.get(name, {"train": "train", "test": "test"})
    hub = HubDataset(path, splits, config, train and {"train": train, "test": test})
    metric = "wer" if modality == "speech" else "accuracy"
    DATASETS[name] = Source(name, name, modality, metric, inputs, targets, hub)
