"""Facts that a reason may date: days, durations and diagnoses of the events behind the features (sql/facts).

No model sees them. They are read while the night's events are before the engine, and told only for the people listed.
"""

from datetime import date
from pathlib import Path

import pyarrow as pa

from pipeline.engines.embedded import Engine
from pipeline.engines.query import load_query

TABLE = "fact"


def facts_of(engine: Engine, *, project: Path, index_date: date) -> pa.Table:
    """One row for each person of `cohort` of whom there is a fact, sorted by person_key; null where there is none."""
    found: pa.Table | None = None
    for path in sorted((project / "sql" / "facts").glob("*.sql")):
        told = engine.fetch(load_query(path), index_date=index_date)
        found = told if found is None else found.join(told, "person_key", join_type="full outer")
    if found is None:
        return pa.table({"person_key": pa.array([], pa.string())})
    return found.sort_by("person_key")
