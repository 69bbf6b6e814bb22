"""Whether a feature sees the future: people's own events are planted on the index date, and no column may move.

The same law that tests keep over invented people, asked of the events and queries a model really learned from. It
names columns, never a person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.contracts.feature import FeatureConcept
from pipeline.engines.embedded import Engine
from pipeline.engines.query import load_query
from pipeline.engines.wide import wide_table


def planted_columns(
    engine: Engine,
    concepts: Sequence[FeatureConcept],
    *,
    project: Path,
    index_date: date,
    person_keys: Sequence[str],
) -> "Planted":
    """Columns of these people that change when their events happen again on the index date and the day after.

    The engine must hold `cohort`, `event` and the code lists; `cohort` and `event` are replaced by what was chosen.
    """
    chosen = pa.array(sorted(person_keys), pa.string())
    cohort = engine.table("cohort")
    engine.add_arrow("cohort", cohort.filter(pc.is_in(cohort["person_key"], value_set=chosen)))
    engine.add_arrow("chosen_person", pa.table({"person_key": chosen}))
    monitoring = project / "sql" / "monitoring"
    events = engine.keep(load_query(monitoring / "chosen_event.sql"))
    engine.keep(load_query(monitoring / "chosen_event.sql"), name="event")
    before = wide_table(engine, concepts, project=project, index_date=index_date)
    planted = engine.keep(load_query(monitoring / "planted_event.sql"), name="event", index_date=index_date)
    after = wide_table(engine, concepts, project=project, index_date=index_date)
    moved = [name for name in before.column_names if not before[name].equals(after[name])]
    return Planted(people=before.num_rows, events=planted - events, moved=tuple(moved))


@dataclass(frozen=True)
class Planted:
    """How many people and planted events, and which columns moved."""

    people: int
    events: int
    moved: tuple[str, ...]
