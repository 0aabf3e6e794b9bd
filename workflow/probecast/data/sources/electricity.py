"""Electricity Load Diagrams: what 370 clients in Portugal drew from 2011 to 2014, in kW.

Source: UCI dataset 321, ElectricityLoadDiagrams20112014 (Trindade, 2015), a zip archive
with one text file. Read here as hourly means, a wide table: ``timestamp`` and one column
per client. A client that joined late is 0 before; on the day in March when the clocks go
forward, the hour that does not exist is 0 for all.
"""

import zipfile

import numpy as np
import pandas as pd

from probecast.data.sources import Source, Splits
from probecast.errors import ProbecastError

MEMBER = "LD2011_2014.txt"
LARGEST = 2 * 2**30  # bytes; it has 711 million, and a small archive may unpack to any number
QUARTER = pd.Timedelta(minutes=15)
TEST_FROM = "2014-01-01"


def read_archive(path: str) -> Splits:
    """Read the archive: train is 2011 to 2013, test is 2014.

    Nothing is extracted: the one known member is read as a stream, whatever else is inside.

    Raises:
        ProbecastError: the archive is whole, but does not hold what it should.
        zipfile.BadZipFile, zlib.error, EOFError: the archive is damaged.
    """
    from datasets import Dataset, DatasetDict

    try:
        with zipfile.ZipFile(path) as archive, archive.open(MEMBER) as member:
            if archive.getinfo(MEMBER).file_size > LARGEST:
                raise ValueError(f"{MEMBER} is larger than {LARGEST:,} bytes")
            quarters = pd.read_csv(member, sep=";", decimal=",", index_col=0, parse_dates=[0])
        if not isinstance(quarters.index, pd.DatetimeIndex):
            raise ValueError(f"{MEMBER} has no timestamps in its first column")
        if not all(pd.api.types.is_numeric_dtype(kind) for kind in quarters.dtypes):
            raise ValueError(f"{MEMBER} has columns that are not numbers")
        # A row is stamped with the end of its quarter: 00:15 is the first, 00:00 belongs to the
        # day before. Counted from its beginning, every hour has its own four quarters.
        hours = quarters.set_axis(quarters.index - QUARTER).resample("h").mean().astype(np.float32)
        table = hours.rename_axis("timestamp").reset_index()
        test = table["timestamp"] >= TEST_FROM
        if test.all() or not test.any():
            raise ValueError(f"{MEMBER} does not hold hours before and after {TEST_FROM}")
    except (KeyError, ValueError, RuntimeError) as error:  # the last: encrypted, or packed oddly
        raise ProbecastError(
            f"{path}: not the archive of UCI dataset 321 ({error}); delete it and download again."
        ) from None
    splits = {"train": table[~test], "test": table[test]}
    return DatasetDict(
        {name: Dataset.from_pandas(rows, preserve_index=False) for name, rows in splits.items()}
    )


ADDRESS = "https://archive.ics.uci.edu/static/public/321/electricityloaddiagrams20112014.zip"
SOURCE = Source(
    "electricity", "electricity", "series", "mse", archive=ADDRESS, read_archive=read_archive
)
