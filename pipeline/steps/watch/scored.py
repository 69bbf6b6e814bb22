"""Whom a night scored, as columns: cohort and risk of everyone, sorted by person_key."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.contracts.policy import SOURCES
from pipeline.ledger import models
from pipeline.ledger.runs import Run
from pipeline.steps.at_hand.context import Context
from pipeline.steps.run.run import MODEL
from pipeline.store import layout, tables

Floats = npt.NDArray[np.float64]
COVERED = {source: f"is_{source}_covered" for source in SOURCES}
_OF_COHORT = ("person_key", "practice_code", "is_adult", *COVERED.values())


@dataclass(frozen=True)
class Scored:
    """One night's people; `table` holds the columns of the cohort that watching needs, and `risk_score`."""

    run: Run
    table: pa.Table

    @cached_property
    def keys(self) -> list[str]:
        return list(self.table["person_key"].to_pylist())

    @cached_property
    def risk(self) -> Floats:
        return np.asarray(self.table["risk_score"].cast(pa.float64()).to_numpy(), dtype=np.float64)

    def adults(self) -> "Scored":
        """Those whom the main lists rank."""
        return Scored(self.run, self.table.filter(self.table["is_adult"]))

    def of(self, person_keys: list[str]) -> "Scored":
        """Those of these people who are there."""
        wanted = pa.array(person_keys, pa.string())
        return Scored(self.run, self.table.filter(pc.is_in(self.table["person_key"], value_set=wanted)))


def scored(context: Context, run: Run) -> Scored:
    """Cohort and scores of the run."""
    cohort, scores = (
        tables.read(
            layout.table(context.settings.home, name), column="run_key", values=[run.run_key], columns=list(columns)
        )
        for name, columns in (("cohort", _OF_COHORT), ("score", ("person_key", "risk_score")))
    )
    return Scored(run, cohort.join(scores, keys="person_key", join_type="inner").sort_by("person_key"))


def listed(context: Context, run: Run) -> set[str]:
    """Everyone on a practice's register by rank that night."""
    rows = tables.read(
        layout.table(context.settings.home, "register"),
        column="run_key",
        values=[run.run_key],
        columns=["person_key", "listing"],
    )
    return set(rows.filter(pc.equal(rows["listing"], "by_rank"))["person_key"].to_pylist())


def risk_column(context: Context, run: Run) -> str:
    """Where a hold-out keeps the risks of the model that scored the run: the largest set's under a name of its own."""
    model = models.find_model(context.ledger, name=MODEL, model_id=str(run.model_id))
    sets = (model.source_sets or []) if model else []
    source_set = run.inputs.get("source_set")
    return "risk" if not sets or source_set in (None, sets[0]["name"]) else f"risk_{source_set}"
