"""Numbers of files that people write by hand. What YAML reads as true (yes, on) is no number here, nor is infinity."""

from typing import Annotated

from pydantic import Field

# A hundred years: beyond, dates cannot be counted back to. "never" is a word of its own where it may be said.
DAYS_MOST = 36_500

DayCount = Annotated[int, Field(strict=True, ge=1, le=DAYS_MOST)]
Number = Annotated[int, Field(strict=True, ge=1)]
# Of a hundred; nobody is no answer.
Percent = Annotated[float, Field(strict=True, gt=0, le=100)]
Share = Annotated[float, Field(strict=True, ge=0, le=1)]
Above = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
