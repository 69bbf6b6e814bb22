"""What follows from a measure and its declared bounds: nothing, a notice on the registers, or no publication.

Pure. A bound that is None is never passed; a measure that is not known passes none.
"""

from collections.abc import Iterable
from typing import Literal

Level = Literal["quiet", "notice", "hold"]
LEVELS: tuple[Level, ...] = ("quiet", "notice", "hold")


def below(value: float | None, *, notice: float | None, hold: float | None) -> Level:
    """The level of a measure that should not fall under its bounds."""
    if value is None:
        return "quiet"
    if hold is not None and value < hold:
        return "hold"
    return "notice" if notice is not None and value < notice else "quiet"


def above(value: float | None, *, notice: float | None, hold: float | None) -> Level:
    """The level of a measure that should not reach its bounds."""
    if value is None:
        return "quiet"
    if hold is not None and value >= hold:
        return "hold"
    return "notice" if notice is not None and value >= notice else "quiet"


def outside(low: float, high: float, *, notice: tuple[float, float] | None, hold: tuple[float, float] | None) -> Level:
    """The level of an interval: a pair of bounds is passed only when the whole interval lies outside it."""
    for level, pair in (("hold", hold), ("notice", notice)):
        if pair is not None and (high < pair[0] or low > pair[1]):
            return "hold" if level == "hold" else "notice"
    return "quiet"


def worst(levels: Iterable[Level]) -> Level:
    """The gravest of these; quiet when there is none."""
    return max(levels, key=LEVELS.index, default="quiet")
