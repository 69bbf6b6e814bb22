"""Who is in hospital at the index date: the latest stay has not ended, and what came after counts."""

from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.engines import shapes
from pipeline.engines.embedded import Engine
from pipeline.engines.query import load_query
from pipeline.engines.visible import keep_visible_events

PROJECT = Path(__file__).parents[2]
INDEX_DATE = date(2026, 11, 23)
QUERY = load_query(PROJECT / "sql" / "monitoring" / "in_hospital.sql")
Stay = tuple[date, date | None]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(threads=2, memory_limit="256MB") as opened:
        yield opened


def fetched(engine: Engine) -> pa.Table:
    engine.keep(load_query(PROJECT / "sql" / "knowledge" / "stay.sql"), index_date=INDEX_DATE)
    return engine.fetch(QUERY, index_date=INDEX_DATE)


def in_hospital(engine: Engine, *stays: Stay, event_type: str = "admission", person: str = "p1") -> list[date]:
    rows = [
        {"person_key": person, "event_type": event_type, "event_date": start, "end_date": end, "method_code": "21"}
        for start, end in stays
    ]
    engine.add_arrow("cohort", shapes.relation(shapes.COHORT, [{"person_key": "p1"}]))
    engine.add_arrow("event", shapes.relation(shapes.EVENT, rows))
    found = fetched(engine).to_pylist()
    assert all(row.keys() == {"person_key", "admission_date"} and row["person_key"] == "p1" for row in found)
    return [row["admission_date"] for row in found]


def day(number: int) -> date:
    return date(2026, 11, number)


@pytest.mark.parametrize(
    ("stays", "since"),
    [
        ([(day(12), None)], [day(12)]),
        ([(day(22), None)], [day(22)]),
        ([(day(23), None)], []),  # on the index date: not seen yet
        ([(day(12), day(22))], []),
        ([(day(12), day(23))], [day(12)]),  # the end lies ahead
        ([(day(2), day(5)), (day(12), None)], [day(12)]),
        ([(day(2), None), (day(12), day(14))], []),  # left open by mistake: they have been in and out since
        ([(day(2), None), (day(12), None)], [day(12)]),
        ([(day(12), day(12)), (day(12), None)], [day(12)]),  # moved to another hospital on the same day
        ([(day(12), None), (day(12), None)], [day(12)]),  # told twice, one row
    ],
)
def test_since_when(engine: Engine, stays: list[Stay], since: list[date]) -> None:
    assert in_hospital(engine, *stays) == since


def test_only_admissions_of_people_of_the_cohort_count(engine: Engine) -> None:
    assert in_hospital(engine, (day(12), None), event_type="attendance") == []
    assert in_hospital(engine, (day(12), None), person="p2") == []


def test_the_daily_feed_tells_who_is_in_and_who_has_left(engine: Engine) -> None:
    """Known from a notice alone; and discharged by a notice although the hospital's record is still open."""
    stamps = {"known_at": datetime.combine(day(21), time(22)), "supersession": "key", "is_withdrawn": False}
    stay = {"source": "acute", "event_date": day(12), "source_row_number": 1, **stamps}

    def told(event_type: str, person: str, end: date | None = None) -> dict[str, object]:
        key = f"{event_type}.{person}"
        return stay | {
            "event_type": event_type, "person_key": person, "end_date": end, "row_key": key, "delivery_id": key,
            "spell_key": f"RKE|{person}",
        }  # fmt: skip

    rows = [told("admission_notice", "p1"), told("admission", "p2"), told("admission_notice", "p2", day(20))]
    engine.add_arrow("event_row", shapes.relation(shapes.EVENT_ROW, rows))
    engine.add_arrow("usable_source", shapes.relation(shapes.USABLE_SOURCE, [{"source": "acute"}]))
    engine.add_arrow("cohort", shapes.relation(shapes.COHORT, [{"person_key": "p1"}, {"person_key": "p2"}]))
    cut_off = datetime.combine(INDEX_DATE, time(2))
    keep_visible_events(engine, project=PROJECT, known_before=cut_off, index_date=INDEX_DATE)
    found = fetched(engine).to_pylist()
    assert found == [{"person_key": "p1", "admission_date": day(12)}]
