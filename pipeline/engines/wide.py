"""One wide table of features: every concept's query run on one index date and set beside the cohort.

Proves on the way that each concept answers once for each person of the cohort. Does not judge the values:
`broken_checks` says which declared bounds are broken, and the step decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.contracts.feature import FeatureConcept, Level
from pipeline.engines.embedded import Engine
from pipeline.engines.query import load_query
from pipeline.errors import PipelineError

# Made of the events for the queries that count stays and their nights: one rule for all of them.
STAY = "stay"
_TYPES = {"integer": pa.int32(), "boolean": pa.bool_(), "number": pa.float64(), "text": pa.string()}


def wide_table(engine: Engine, concepts: Sequence[FeatureConcept], *, project: Path, index_date: date) -> pa.Table:
    """person_key and the columns of all concepts, one row per person of `cohort`, sorted by person_key.

    The engine must hold `cohort`, `event` and the code lists; `stay` is kept beside them where a concept reads it.
    Raises PipelineError if a concept answers for other people than the cohort's, or more than once, or with other
    columns than it declares.
    """
    people = engine.table("cohort").select(["person_key"]).sort_by("person_key")
    columns = {"person_key": people["person_key"].combine_chunks()}
    # Numbers stand in the order of the texts, and are compared and sorted for a fraction of the cost.
    by_number = engine.is_numbered("cohort", "person_key")
    fetch = engine.fetch_by_number if by_number else engine.fetch
    listed = engine.numbers_of("cohort", "person_key") if by_number else columns["person_key"]
    queries = [load_query(project / "sql" / "features" / concept.query.name) for concept in concepts]
    if any(STAY in query.reads for query in queries):
        engine.keep(load_query(project / "sql" / "knowledge" / f"{STAY}.sql"), index_date=index_date)
    for concept, query in zip(concepts, queries, strict=True):
        columns |= _answer(concept, fetch(query, index_date=index_date), listed)
    return pa.table(columns)


def broken_checks(table: pa.Table, concepts: Sequence[FeatureConcept]) -> tuple["BrokenCheck", ...]:
    """Every declared bound that some row breaks, with how many; nulls break none."""
    broken = []
    for concept in concepts:
        for column in concept.columns:
            for check in column.checks:
                is_low = check.minimum is not None
                outside = pc.less(table[column.name], check.minimum) if is_low else None
                outside = pc.greater(table[column.name], check.maximum) if outside is None else outside
                rows = int(pc.sum(outside).as_py() or 0)
                if rows:
                    says = f"minimum {check.minimum:g}" if is_low else f"maximum {check.maximum:g}"
                    broken.append(BrokenCheck(concept.name, column.name, says, check.level, rows))
    return tuple(broken)


def _answer(concept: FeatureConcept, found: pa.Table, people: pa.Array) -> dict[str, pa.Array]:
    declared = [column.name for column in concept.columns]
    if found.column_names != ["person_key", *declared]:
        raise PipelineError(
            f"{concept.name}.sql answers with {', '.join(found.column_names)}; "
            f"{concept.name}.yml declares person_key, {', '.join(declared)}"
        )
    if not found["person_key"].combine_chunks().equals(people):
        found = found.sort_by("person_key")
    if not found["person_key"].combine_chunks().equals(people):
        raise PipelineError(f"{concept.name}.sql does not answer exactly once for each person of the cohort")
    return {
        column.name: pc.cast(found[column.name], _TYPES[column.type]).combine_chunks() for column in concept.columns
    }


@dataclass(frozen=True)
class BrokenCheck:
    """A bound that rows break: counts only, no person and no value."""

    concept: str
    column: str
    check: str
    level: Level
    rows: int
