"""Types that keys of the study file about data share."""

from typing import Annotated

from pydantic import Field

Rows = Annotated[int, Field(ge=1, le=10**9)]
FILE_NAME = r"^[^\x00]+$"
FileName = Annotated[str, Field(pattern=FILE_NAME, max_length=4000)]
