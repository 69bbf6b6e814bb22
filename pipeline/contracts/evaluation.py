"""How hard a model is judged: thresholds, targets and the known scores it is held against.

Reads `models/<name>/evaluation.yml` into a frozen Thresholds and says precisely what is wrong in it. What is measured,
on whom and at which cut-offs stands in the plan beside it.
"""

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipeline.contracts.model_file import read_model_file
from pipeline.errors import ContractError

Share = Annotated[float, Field(ge=0, le=1)]
Ratio = Annotated[float, Field(gt=0)]
People = Literal["everyone", "admitted", "admitted_as_emergency", "discharged_within_30_days"]
Outcome = Literal["emergency_admission_12m", "emergency_admission_30d"]


class _Declared(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Groups(_Declared):
    """When a group of people fails, and when it is too small to show."""

    confidence: Annotated[float, Field(gt=0.5, lt=1)]
    oe_low: Ratio
    oe_high: Ratio
    hidden_below: Annotated[int, Field(ge=1)]
    sensitivity_share_least: Share
    sensitivity_by: tuple[str, ...]


class Overall(_Declared):
    """Bounds for everyone together."""

    oe: tuple[Ratio, Ratio]
    slope: tuple[Ratio, Ratio]


class Leakage(_Declared):
    """Bounds of the audit for leaks, and how much of it is done."""

    auroc_most: Share
    single_feature_auroc_most: Share
    permuted_rounds: Annotated[int, Field(ge=1, le=500)]
    planted_people: Annotated[int, Field(ge=1)]


class Targets(_Declared):
    """What is aimed at, and on how many people of unseen practices it can be judged at all."""

    people_least: Annotated[int, Field(ge=1)]
    slope: tuple[Ratio, Ratio]
    oe: tuple[Ratio, Ratio]
    ece_most: Share
    lift_share_wanted: Share
    lift_share_least: Share


class ReferenceScore(_Declared):
    """A known score: its column, the people it was made for, the outcome it was made for."""

    score: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    title: str
    column: str
    ages: tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(le=120)]]
    people: People
    outcome: Outcome


class Thresholds(_Declared):
    """The whole file; `digest` is the SHA-256 of its bytes."""

    evaluation: Literal["thresholds/1"]
    name: str
    published_cut_pct: Annotated[float, Field(gt=0, le=100)]
    groups: Groups
    overall: Overall
    leakage: Leakage
    targets: Targets
    reference_scores: tuple[ReferenceScore, ...]
    digest: str = ""

    @model_validator(mode="after")
    def _holds_together(self) -> "Thresholds":
        pairs = {"overall.oe": self.overall.oe, "overall.slope": self.overall.slope}
        pairs |= {"targets.slope": self.targets.slope, "targets.oe": self.targets.oe}
        pairs |= {"groups.oe": (self.groups.oe_low, self.groups.oe_high)}
        for field, (low, high) in pairs.items():
            if low >= high:
                raise ValueError(f"{field}: the lower bound is not below the upper")
        names = [each.score for each in self.reference_scores]
        if len(set(names)) != len(names):
            raise ValueError("reference_scores: a score stands twice")
        return self


@cache
def load_thresholds(project: Path, name: str) -> Thresholds:
    """Read and check `models/<name>/evaluation.yml`; raises ContractError that names the field."""
    absent = ContractError(
        f"It is not declared how the model {name} is judged",
        where=f"models/{name}/evaluation.yml",
        next_step="copy evaluation.yml from another model and set its bounds",
    )
    path = project / "models" / name / "evaluation.yml"
    return read_model_file(path, Thresholds, called="The thresholds", absent=absent)
