"""What a night knows of its people: a few things of everyone, and everything of those whom a list tells of.

Features and facts are read of the people on the night's lists, a few in a hundred, and of others when they are asked
for: of everyone they would be the greatest thing a worker holds.
"""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.ledger.runs import Run
from pipeline.steps.at_hand.context import Context
from pipeline.steps.features.facts import TABLE as FACTS
from pipeline.store import layout, tables

# Rows that are looked through at a time for the people asked after.
ROWS_AT_ONCE = 25_000


class Details:
    """Feature columns and dated facts of people; a night of an earlier release has no facts."""

    def __init__(self, context: Context, run: Run, *, listed: Sequence[str]) -> None:
        """`listed` are the people who will be asked for again and again."""
        self._context = context
        self._run = run
        self._listed = frozenset(listed)
        self._held = {name: self._read(name, sorted(self._listed)) for name in ("feature", FACTS)}

    @property
    def fact_names(self) -> frozenset[str]:
        """Facts that the night's release told of, of whomever."""
        return frozenset(self._held[FACTS].column_names) - {"person_key"}

    def features_of(self, person_keys: Sequence[str]) -> pa.Table:
        """Rows of these people, sorted by person_key."""
        return self._of("feature", person_keys)

    def of(self, person_keys: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Features and facts of these people by name."""
        found: dict[str, dict[str, Any]] = {key: {} for key in person_keys}
        for name in ("feature", FACTS):
            for row in self._of(name, person_keys).to_pylist():
                found[row["person_key"]].update(row)
        return found

    def _of(self, name: str, person_keys: Sequence[str]) -> pa.Table:
        if self._listed.issuperset(person_keys):
            return _rows_of(self._held[name], person_keys)
        return self._read(name, person_keys)

    def _read(self, name: str, person_keys: Sequence[str]) -> pa.Table:
        path = layout.table(self._context.settings.home, name)
        if name == FACTS and not tables.files(path, column="run_key", values=[self._run.run_key]):
            return pa.table({"person_key": pa.array([], pa.string())})
        stream = tables.batches(path, column="run_key", value=self._run.run_key, rows=ROWS_AT_ONCE)
        return pa.concat_tables([_rows_of(rows, person_keys) for rows in stream]).sort_by("person_key")


class EarlierNights:
    """Details of earlier nights for those whom tonight's lists tell of, each read once."""

    def __init__(self, context: Context, *, listed: Sequence[str]) -> None:
        self._context, self._listed = context, listed
        self._held: dict[str, Details] = {}

    def of(self, run: Run) -> Details:
        if run.run_key not in self._held:
            self._held[run.run_key] = Details(self._context, run, listed=self._listed)
        return self._held[run.run_key]


def people_of(context: Context, run: Run) -> dict[str, dict[str, Any]]:
    """Of everyone in the run's cohort: cohort, score and segment values by name."""
    people: dict[str, dict[str, Any]] = {}
    for name in ("cohort", "score", "segment"):
        for row in _slice(context, run, name).to_pylist():
            people.setdefault(row["person_key"], {}).update(row)
    return people


def _slice(context: Context, run: Run, name: str) -> pa.Table:
    return tables.read(layout.table(context.settings.home, name), column="run_key", values=[run.run_key])


def _rows_of(table: pa.Table, person_keys: Sequence[str]) -> pa.Table:
    return table.filter(pc.is_in(table["person_key"], value_set=pa.array(person_keys, type=pa.string())))
