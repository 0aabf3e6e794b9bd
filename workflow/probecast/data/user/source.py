"""What a user's own dataset is, in the terms of every other source."""

from probecast.data.sources import HubDataset, Source, get_source
from probecast.data.user.settings import METRICS, UserData


def find_source(dataset: str, registered: str, own: UserData | None) -> Source:
    """Return the source of a dataset: the user's data, a family of their own, or a registered one.

    Raises:
        ProbecastError: there is no such registered source.
    """
    if own is None:
        return get_source(registered)
    hub = None
    if own.hub is not None:
        path, _, revision = own.hub.partition("@")
        splits = own.splits or {"train": "train", "test": "test"}
        hub = HubDataset(path, dict(splits), own.config, revision=revision or None)
    metric = own.metric or METRICS[own.modality][0]
    inputs = None if own.modality == "series" else own.input_column
    return Source(dataset, dataset, own.modality, metric, inputs, own.target_column, hub)
