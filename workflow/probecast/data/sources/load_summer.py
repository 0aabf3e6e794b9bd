"""Load in summer: the same invented clients as ``load``, from May to September.

There the test weeks are warmer than any of training, so that a network needs thousands of
windows before it beats the load of a day before. Here they lie within the weather of training.
"""

from functools import partial

from probecast.data.sources import Source, load

SOURCE = Source(
    name="load_summer",
    family="load",
    modality="series",
    metric="mse",
    generate=partial(load.generate, start="2023-05-01 00:00"),  # a Monday
)
