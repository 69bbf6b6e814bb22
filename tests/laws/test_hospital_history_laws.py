"""History that was loaded in bulk is seen at a past index date as it would have been seen that night.

The same invented stays are sent twice: night by night as the hospital knew them, and once, whole, years later. What
was visible must be the same, stays that had not ended included. Chain: linkage, sql/events, sql/knowledge.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random

import pyarrow as pa
import pytest

from pipeline.contracts.extract import load_extracts
from pipeline.engines import shapes
from pipeline.engines.embedded import Engine
from pipeline.engines.pseudonymise import Arrival, pseudonymise
from pipeline.engines.query import load_query
from pipeline.engines.visible import keep_visible_events
from pipeline.rules.times import intake_cut_off

PROJECT = Path(__file__).parents[2]
# The law holds for every lag; a short one leaves more of these few months to be seen.
CONTRACT = load_extracts(PROJECT)["acute_apc"].model_copy(update={"reporting_lag_days": 2})
FIRST_DAY, DAYS = date(2025, 1, 1), 80
INDEX_DATES = [FIRST_DAY + timedelta(days=days) for days in (20, 33, 47, 60)]
BULK_DAY = FIRST_DAY + timedelta(days=DAYS + 30)
ALL_KNOWN = datetime.combine(BULK_DAY + timedelta(days=1), time.min)
NUMBER, PERSON = "9990000018", "p1_a"
TYPES = {"text": pa.string(), "date": pa.date32(), "timestamp": pa.timestamp("us"), "integer": pa.int64()}


@dataclass(frozen=True)
class Stay:
    """A stay as it truly was; `turned` is the first day of its second episode."""

    number: int
    admitted: date
    discharged: date
    turned: date | None = None
    diagnosis: str = "J441"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(threads=2, memory_limit="256MB") as opened:
        yield opened


def stays(seed: int) -> list[Stay]:
    """Many short stays and some long ones, a quarter of them with a second episode."""
    random = Random(seed)
    found = []
    for number in range(300):
        admitted = FIRST_DAY + timedelta(days=random.randrange(DAYS))
        length = random.choice((0, 0, 1, 2, 3, 5, 9, 30))
        turned = admitted + timedelta(days=random.randrange(1, length)) if length > 3 and number % 4 == 0 else None
        found.append(Stay(number, admitted, admitted + timedelta(days=length), turned))
    return found


def told(stay: Stay, *, known: date, delivery_id: str) -> list[dict[str, object]]:
    """The rows of a stay as its hospital knew it at the end of a day; diagnoses are written at discharge."""
    is_over = stay.discharged <= known
    begins = [stay.admitted, *([stay.turned] if stay.turned else [])]
    return [
        {
            "cds_unique_identifier": f"{stay.number}.{episode}",
            "cds_update_type": "9",
            "cds_applicable_at": datetime.combine(known, time(4)),
            "nhs_number": NUMBER,
            "provider_code": "RKE01",
            "spell_number": str(stay.number),
            "patient_classification": "1",
            "admission_method": "21",
            "admission_date": stay.admitted,
            "discharge_date": stay.discharged if is_over else None,
            "discharge_method": "1" if is_over else None,
            "episode_number": episode,
            "episode_start_date": begin,
            "primary_diagnosis": stay.diagnosis if is_over else None,
            "secondary_diagnosis_1": "I50X" if is_over else None,
            "delivery_id": delivery_id,
            "source_row_number": 2 * stay.number + episode,
        }
        for episode, begin in enumerate(begins, start=1)
        if begin <= known
    ]


def in_bulk(found: Sequence[Stay]) -> tuple[list[dict[str, object]], dict[str, Arrival]]:
    arrival = Arrival(sender="RKE", kind="bulk", received_at=datetime.combine(BULK_DAY, time(20), tzinfo=UTC))
    return [row for stay in found for row in told(stay, known=BULK_DAY, delivery_id="bulk")], {"bulk": arrival}


def night_by_night(found: Sequence[Stay]) -> tuple[list[dict[str, object]], dict[str, Arrival]]:
    """Each evening, the stays that began, turned or ended the day before: the feed behind a lag of two days."""
    rows, arrivals = [], {}
    for day in (FIRST_DAY + timedelta(days=days) for days in range(DAYS + 40)):
        known = day - timedelta(days=1)
        name = f"night.{day:%Y%m%d}"
        sent = [stay for stay in found if known in (stay.admitted, stay.turned, stay.discharged)]
        rows += [row for stay in sent for row in told(stay, known=known, delivery_id=name)]
        arrivals[name] = Arrival("RKE", "regular", datetime.combine(day, time(22), tzinfo=UTC))
    return rows, arrivals


def event_rows(engine: Engine, rows: Sequence[dict[str, object]], arrivals: dict[str, Arrival]) -> pa.Table:
    """The rows through linkage and sql/events."""
    columns = {column.name: TYPES[column.type] for column in CONTRACT.columns}
    schema = pa.schema({**columns, "delivery_id": pa.string(), "source_row_number": pa.int64()})
    linked = pseudonymise(
        pa.Table.from_pylist([{name: row.get(name) for name in schema.names} for row in rows], schema=schema),
        contract=CONTRACT,
        arrivals=arrivals,
        person_keys={NUMBER: PERSON},
        opted_out=frozenset(),
        digests=lambda texts: pa.array([hashlib.sha256(text.encode()).hexdigest() for text in texts.to_pylist()]),
    )
    engine.add_arrow("linked_acute_apc", linked.rows)
    query = load_query(PROJECT / "sql" / "events" / "acute_apc.sql")
    return engine.fetch(query, reporting_lag_days=CONTRACT.reporting_lag_days)


def visible(engine: Engine, rows: pa.Table, *, index_date: date, known_before: datetime | None = None) -> list[tuple]:
    """What is seen at an index date, without the stamps, in order."""
    cut_off = known_before or intake_cut_off(index_date - timedelta(days=1)).replace(tzinfo=None)
    engine.add_arrow("event_row", rows.select(shapes.EVENT_ROW.names))
    engine.add_arrow("usable_source", shapes.relation(shapes.USABLE_SOURCE, [{"source": "acute"}]))
    keep_visible_events(engine, project=PROJECT, known_before=cut_off, index_date=index_date)
    found = engine.table("event").drop_columns(["known_at"])
    return sorted((tuple(row.values()) for row in found.to_pylist()), key=repr)


def open_share(engine: Engine, rows: pa.Table, found: Sequence[Stay], *, index_date: date) -> float:
    """Of the people truly in hospital on the index date, the share that is seen there, not yet discharged."""
    truly = sum(stay.admitted < index_date <= stay.discharged for stay in found)
    seen = visible(engine, rows, index_date=index_date)
    return sum(row[2] == "admission" and row[4] is None for row in seen) / truly


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("index_date", INDEX_DATES, ids=str)
def test_history_is_seen_as_it_was_night_by_night(engine: Engine, seed: int, index_date: date) -> None:
    found = stays(seed)
    bulk, nightly = event_rows(engine, *in_bulk(found)), event_rows(engine, *night_by_night(found))
    seen = visible(engine, bulk, index_date=index_date)
    assert seen == visible(engine, nightly, index_date=index_date)
    assert {row[2] for row in seen} == {"admission", "episode", "diagnosis"}


@pytest.mark.parametrize("index_date", INDEX_DATES, ids=str)
def test_people_in_hospital_are_seen_there(engine: Engine, index_date: date) -> None:
    """Most of those who are in: the feed is two days behind, and who went home meanwhile still counts as in."""
    found = stays(1)
    assert 0.7 < open_share(engine, event_rows(engine, *in_bulk(found)), found, index_date=index_date) < 1.3


@pytest.mark.parametrize("index_date", INDEX_DATES, ids=str)
def test_what_a_stay_became_later_is_not_seen(engine: Engine, index_date: date) -> None:
    """Stays that had not ended end elsewhen, with another diagnosis and without a second episode: nothing changes."""
    found = stays(1)
    later = timedelta(days=25)
    other = [
        replace(
            stay,
            discharged=stay.discharged + later,
            diagnosis="C509",
            turned=stay.turned if stay.turned and stay.turned < index_date else None,
        )
        if stay.discharged >= index_date
        else stay
        for stay in found
    ]
    assert sum(one != two and one.admitted < index_date for one, two in zip(found, other, strict=True)) > 5
    seen = [visible(engine, event_rows(engine, *in_bulk(told)), index_date=index_date) for told in (found, other)]
    assert seen[0] == seen[1]


@pytest.mark.parametrize("index_date", INDEX_DATES, ids=str)
def test_nothing_of_an_end_is_seen_before_it(engine: Engine, index_date: date) -> None:
    """Asked with today's knowledge too, where the discharge is on file."""
    found = stays(1)
    ended = sum(stay.discharged < index_date for stay in found)
    rows = event_rows(engine, *in_bulk(found))
    seen = visible(engine, rows, index_date=index_date, known_before=ALL_KNOWN)
    assert all(row[4] < index_date for row in seen if row[2] == "diagnosis")
    for _, _, kind, _, end, _, code, _, _, status, *_ in seen:
        assert kind == "diagnosis" or (end is None) == (code is None) == (status is None)
    assert sum(row[2] == "admission" and row[4] is not None for row in seen) == ended


def test_the_last_day_that_can_be_seen(engine: Engine) -> None:
    """With a lag of two days: what happened two days before the index date, and not what happened the day before."""
    day = INDEX_DATES[1]
    edges = [
        Stay(number, day - timedelta(days=20), day - timedelta(days=before)) for number, before in enumerate((1, 2))
    ]
    edges += [Stay(9, day - timedelta(days=1), day), Stay(10, day - timedelta(days=2), day)]
    seen = visible(engine, event_rows(engine, *in_bulk(edges)), index_date=day)
    ends = [(row[3], row[4]) for row in seen if row[2] == "admission"]
    assert sorted(ends, key=repr) == sorted(
        [
            (day - timedelta(days=20), None),
            (day - timedelta(days=20), day - timedelta(days=2)),
            (day - timedelta(days=2), None),
        ],
        key=repr,
    )
