"""LibriSpeech on the Hub: English books read aloud (Panayotov et al., 2015).

Training is the 100 hours of ``train-clean-100``, testing is ``test-clean``.
"""

from probecast.data.sources import HubDataset, Source

SOURCE = Source(
    name="librispeech",
    family="librispeech",
    modality="speech",
    metric="wer",
    input_column="audio",
    target_column="text",
    hub=HubDataset(
        path="openslr/librispeech_asr",
        config="clean",
        splits={"train": "train.100", "test": "test"},
    ),
)
