"""Reads how a model is watched and what follows (models/<name>/watching.yml); says precisely what is wrong in it.

Thresholds are data: nothing here measures or decides.
"""

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipeline.contracts.model_file import read_model_file
from pipeline.contracts.numbers import Above, DayCount, Number, Percent, Share
from pipeline.errors import ContractError

Pair = tuple[Above, Above]


class _Declared(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Compare(_Declared):
    """Which night before is looked at, and how long a list must be to be judged."""

    days_before: DayCount
    days_most: DayCount
    people_least: Number

    @model_validator(mode="after")
    def _in_order(self) -> "Compare":
        if self.days_most < self.days_before:
            raise ValueError("days_most is fewer than days_before")
        return self


class Least(_Declared):
    """Bounds from below: under `notice` it is told, under `hold` nothing is published; None never."""

    notice: Share | None
    hold: Share | None

    @model_validator(mode="after")
    def _in_order(self) -> "Least":
        if self.notice is not None and self.hold is not None and self.hold > self.notice:
            raise ValueError("hold lies above notice")
        return self


class Most(_Declared):
    """Bounds from above, as Least."""

    notice: Above | None
    hold: Above | None

    @model_validator(mode="after")
    def _in_order(self) -> "Most":
        if self.notice is not None and self.hold is not None and self.hold < self.notice:
            raise ValueError("hold lies below notice")
        return self


class Within(_Declared):
    """Bounds from both sides of a ratio, as Least and Most."""

    notice: Pair | None
    hold: Pair | None

    @model_validator(mode="after")
    def _in_order(self) -> "Within":
        for name, pair in (("notice", self.notice), ("hold", self.hold)):
            if pair is not None and pair[0] >= pair[1]:
                raise ValueError(f"{name}: the lower bound is not below the upper")
        if self.notice and self.hold and not (self.hold[0] <= self.notice[0] and self.notice[1] <= self.hold[1]):
            raise ValueError("hold does not reach as far as notice")
        return self


class Churn(_Declared):
    """Bounds for the list and the order from one week to the next."""

    jaccard: Least
    rank_correlation: Least
    model_jaccard: Least


class FeatureBounds(_Declared):
    """From which PSI a feature counts as shifted, and from which as far shifted."""

    notice: Above
    large: Above


class Drift(_Declared):
    """Bounds for the distance from the hold-out."""

    feature_psi: FeatureBounds
    source_share: Most
    source_unknown: Most
    score_psi: Most


class Calibration(_Declared):
    """Bounds for observed over expected of older nights."""

    confidence: Annotated[float, Field(strict=True, gt=0.5, lt=1)]
    events_least: Number
    early: Within
    whole: Within


class Watching(_Declared):
    """The whole file; `digest` is the SHA-256 of its bytes."""

    watching: Literal["watching/1"]
    name: str
    version: Number
    compare: Compare
    top_pct: Percent
    churn: Churn
    drift: Drift
    calibration: Calibration
    digest: str = ""


@cache
def load_watching(project: Path, name: str) -> Watching:
    """Read and check `models/<name>/watching.yml`; raises ContractError that names the field."""
    absent = ContractError(
        f"It is not declared how the model {name} is watched",
        where=f"models/{name}/watching.yml",
        next_step="copy watching.yml from another model and set its bounds",
    )
    return read_model_file(project / "models" / name / "watching.yml", Watching, called="The watching", absent=absent)
