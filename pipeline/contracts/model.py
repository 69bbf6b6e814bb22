"""A model's plan: what it predicts, on which past dates it learns and is judged, from which sources, with which dials.

Reads `models/<name>/plan.yml` into a frozen Plan and says precisely what is wrong in it. It trains nothing
and knows no feature: those are declared beside their SQL.
"""

import hashlib
import json
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipeline.contracts.model_file import read_model_file
from pipeline.contracts.policy import Source
from pipeline.errors import ContractError
from pipeline.rules.calibration import Method, WhichDates
from pipeline.rules.times import months_before

Months = Annotated[int, Field(ge=1, le=120)]


class _Declared(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class IndexDates(_Declared):
    """Months before the training run's index date at which the model learns and is judged."""

    train_months_before: tuple[Months, ...] = Field(min_length=1)
    holdout_months_before: Months
    history_months: Months
    look_back_months_at_least: Months
    label_lag_months: Annotated[int, Field(ge=0, le=24)]


class Holdout(_Declared):
    """Practices kept out of training whole, to be judged apart: from so many practices on, this share of them."""

    unseen_practices_share: Annotated[float, Field(ge=0, lt=1)]
    unseen_practices_from: Annotated[int, Field(ge=2)]


class Dials(_Declared):
    """One setting that the search tries. Shallow trees on purpose: contributions for listed people must stay cheap."""

    learning_rate: Annotated[float, Field(gt=0, le=1)]
    max_depth: Annotated[int, Field(ge=1, le=6)]
    num_leaves: Annotated[int, Field(ge=2, le=48)]
    min_data_in_leaf: Annotated[int, Field(ge=1)]
    lambda_l2: Annotated[float, Field(ge=0)]
    feature_fraction: Annotated[float, Field(gt=0, le=1)]
    path_smooth: Annotated[float, Field(ge=0)] = 0.0
    # One random threshold a feature instead of the best of all: overfits less among hundreds of columns, and is quick.
    extra_trees: bool = False


class LightgbmPlan(_Declared):
    """How trees are searched for: each setting grows in steps until its out-of-fold loss has not fallen for some steps.

    Below `search_from_rows` rows only the first setting is tried: too few to tell settings apart.
    """

    rounds_most: Annotated[int, Field(ge=1, le=2000)]
    rounds_step: Annotated[int, Field(ge=1)]
    stop_after_steps: Annotated[int, Field(ge=1)]
    max_bin: Annotated[int, Field(ge=15, le=255)]
    search_from_rows: Annotated[int, Field(ge=0)]
    search: tuple[Dials, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _rounds_in_steps(self) -> "LightgbmPlan":
        if self.rounds_most % self.rounds_step:
            raise ValueError("rounds_most must be a multiple of rounds_step")
        return self


class SourceSet(_Declared):
    """One lawful set of sources and a model of its own over the features that need no other."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z_]*$")]
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]


class LogisticDials(_Declared):
    """Strength of the ridge penalty (smaller is stronger), for age and sex alone too, and a cap on iterations."""

    inverse_penalty: Annotated[float, Field(gt=0)]
    age_sex_inverse_penalty: Annotated[float, Field(gt=0)]
    iterations_most: Annotated[int, Field(ge=10)]


class Choice(_Declared):
    """How the model that ships is chosen."""

    measure: Literal["out_of_fold_log_loss"]
    margin: Annotated[float, Field(ge=0)]


class Evaluation(_Declared):
    """Questions to the hold-out: cut-offs in per cent of people, calibration bins, bootstrap resamples.

    Wholly outside `observed_over_expected` (low, high) training raises an alarm: it was made for other people.
    """

    top_pct: tuple[Annotated[float, Field(gt=0, le=100)], ...] = Field(min_length=1)
    bins: Annotated[int, Field(ge=2)]
    resamples: Annotated[int, Field(ge=20)]
    observed_over_expected: tuple[Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)]]


class Plan(_Declared):
    """The whole file; `digest` is the SHA-256 of its bytes, and of what was changed since where something was."""

    plan: Literal["plan/3"]
    name: str
    question: str
    outcome: str
    # Further outcomes (sql/outcomes) that are kept beside it for the evaluation; no model learns them.
    reported_outcomes: tuple[str, ...]
    horizon_months: Months
    cohort: Literal["adults_and_children"]
    index_dates: IndexDates
    holdout: Holdout
    seed: Annotated[int, Field(ge=0, lt=2**31)]
    folds: Annotated[int, Field(ge=2, le=20)]
    source_set_folds: Annotated[int, Field(ge=2, le=20)]
    # Largest first: a night takes the first whose sources it may all use.
    source_sets: tuple[SourceSet, ...] = Field(min_length=1)
    lightgbm: LightgbmPlan
    logistic: LogisticDials
    calibration: Method
    # Which training dates calibrate, and from how many people with the outcome on the newest it does so alone.
    calibrate_on: WhichDates
    calibrate_from_events: Annotated[int, Field(ge=1)]
    choice: Choice
    evaluation: Evaluation
    digest: str = ""

    @model_validator(mode="after")
    def _source_sets_hold_together(self) -> "Plan":
        names = [each.name for each in self.source_sets]
        if len(set(names)) != len(names):
            raise ValueError("a source set stands twice")
        if any(len(larger.sources) < len(smaller.sources) for larger, smaller in pairwise(self.source_sets)):
            raise ValueError("source_sets must stand with the most sources first: a night takes the first that fits")
        return self

    @model_validator(mode="after")
    def _dates_do_not_leak(self) -> "Plan":
        dates = self.index_dates
        if dates.holdout_months_before < self.horizon_months + dates.label_lag_months:
            raise ValueError("the hold-out's outcome is not yet known: holdout_months_before is too small")
        if min(dates.train_months_before) < dates.holdout_months_before + self.horizon_months:
            raise ValueError("a training outcome reaches past the hold-out's index date: train earlier")
        if dates.history_months - max(dates.train_months_before) < dates.look_back_months_at_least:
            raise ValueError("the oldest training date has too little history before it")
        if len(set(dates.train_months_before)) != len(dates.train_months_before):
            raise ValueError("a training date stands twice")
        return self

    def training_index_dates(self, index_date: date) -> tuple[date, ...]:
        """Index dates to learn from, oldest first, for a run whose own index date is given."""
        return tuple(sorted(months_before(index_date, n) for n in self.index_dates.train_months_before))

    def changed(self, **changes: Any) -> "Plan":
        """This plan with other fields, checked anew; its digest says that it is another plan."""
        content = self.model_dump(mode="json", exclude={"digest"})
        told = json.dumps({name: _plain(value) for name, value in changes.items()}, sort_keys=True)
        digest = hashlib.sha256(f"{self.digest}\n{told}".encode()).hexdigest()
        return Plan(**{**content, **{name: _plain(value) for name, value in changes.items()}, "digest": digest})

    def holdout_index_date(self, index_date: date) -> date:
        """The index date the model is judged on."""
        return months_before(index_date, self.index_dates.holdout_months_before)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


@cache
def load_plan(project: Path, name: str) -> Plan:
    """Read and check `models/<name>/plan.yml`; raises ContractError that names the field."""
    known = sorted(folder.parent.name for folder in (project / "models").glob("*/plan.yml"))
    absent = ContractError(
        f"There is no plan for a model named {name}",
        where=f"models/{name}/plan.yml",
        next_step=f"known models: {', '.join(known) or 'none'}",
    )
    return read_model_file(project / "models" / name / "plan.yml", Plan, called="The plan", absent=absent)
