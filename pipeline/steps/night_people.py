"""What a night knows of its people: a few things of everyone, and everything of those whom a list tells of.

The features of everyone are read once and stay a table: as Python values they would be many times as large, and a list
needs those of a few people in a hundred.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.ledger.runs import Run
from pipeline.steps.context import Context
from pipeline.steps.facts import TABLE as FACTS
from pipeline.store import layout, tables


@dataclass(frozen=True)
class Details:
    """Feature columns and dated facts of everyone; a night of an earlier release has no facts."""

    features: pa.Table
    facts: pa.Table

    def features_of(self, person_keys: Sequence[str]) -> pa.Table:
        """Rows of these people, sorted by person_key."""
        return _of(self.features, person_keys)

    def of(self, person_keys: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Features and facts of these people by name."""
        found: dict[str, dict[str, Any]] = {key: {} for key in person_keys}
        for table in (self.features, self.facts):
            for row in _of(table, person_keys).to_pylist():
                found[row["person_key"]].update(row)
        return found


def people_of(context: Context, run: Run) -> dict[str, dict[str, Any]]:
    """Of everyone in the run's cohort: cohort, score and segment values by name."""
    people: dict[str, dict[str, Any]] = {}
    for name in ("cohort", "score", "segment"):
        for row in _slice(context, run, name).to_pylist():
            people.setdefault(row["person_key"], {}).update(row)
    return people


def details_of(context: Context, run: Run) -> Details:
    """What else is known of them, for asking after some."""
    path = layout.table(context.settings.home, FACTS)
    has_facts = bool(tables.files(path, column="run_key", values=[run.run_key]))
    features = _slice(context, run, "feature").sort_by("person_key")
    nothing = pa.table({"person_key": pa.array([], pa.string())})
    return Details(features=features, facts=_slice(context, run, FACTS) if has_facts else nothing)


def _slice(context: Context, run: Run, name: str) -> pa.Table:
    return tables.read(layout.table(context.settings.home, name), column="run_key", values=[run.run_key])


def _of(table: pa.Table, person_keys: Sequence[str]) -> pa.Table:
    return table.filter(pc.is_in(table["person_key"], value_set=pa.array(person_keys, type=pa.string())))
