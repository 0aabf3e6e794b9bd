"""Types that keys of the study file about data share."""

from typing import Annotated

from pydantic import Field

Rows = Annotated[int, Field(ge=1, le=10**9)]
FileName = Annotated[str, Field(pattern=r"^[^\x00]+$", max_length=4000)]
