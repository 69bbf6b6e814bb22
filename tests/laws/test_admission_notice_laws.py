"""A stay told by the daily feed and by SUS is one admission, whichever came first and whatever either corrects.

Invented histories of messages and records, in every order of arrival, through sql/knowledge; what must be visible is
worked out here by a few plain lines of Python that know nothing of the queries.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random

import pytest

from pipeline.engines import shapes
from pipeline.engines.embedded import Engine
from pipeline.engines.visible import keep_visible_events

PROJECT = Path(__file__).parents[2]
INDEX_DATE = date(2026, 3, 10)
CUT_OFF = datetime.combine(INDEX_DATE, time(2))
STAYS = 400


@dataclass(frozen=True)
class Told:
    """One version of a stay as one feed told it; `arrived` is the day, `number` orders versions of a feed."""

    stay: int
    is_notice: bool
    number: int
    arrived: int
    admitted: int
    discharged: int | None
    is_withdrawn: bool


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(threads=2, memory_limit="256MB") as opened:
        opened.add_arrow("usable_source", shapes.relation(shapes.USABLE_SOURCE, [{"source": "acute"}]))
        yield opened


def day(number: int) -> date:
    return INDEX_DATE + timedelta(days=number)


def histories(seed: int) -> list[Told]:
    """Up to three versions from either feed of each stay, some after the cut-off; days count from the index date."""
    random = Random(seed)
    told = []
    for stay in range(STAYS):
        admitted = -random.randrange(1, 30)
        for is_notice in (True, False):
            arrivals = sorted(random.randrange(admitted, 20) for _ in range(random.randrange(4)))
            for number, arrived in enumerate(arrivals):
                ended = random.choice((None, admitted + random.randrange(8)))
                begun = admitted - random.choice((0, 0, 0, 1))
                told.append(Told(stay, is_notice, number, arrived, begun, ended, random.random() < 0.15))
    return told


def rows(told: Sequence[Told]) -> list[dict[str, object]]:
    return [
        {
            "person_key": f"p{one.stay}",
            "source": "acute",
            "event_type": "admission_notice" if one.is_notice else "admission",
            "event_date": day(one.admitted),
            "end_date": None if one.discharged is None else day(one.discharged),
            "code": None if one.is_notice else "J441",
            "method_code": "21",
            "spell_key": f"RKE|{one.stay}",
            "row_key": f"{one.is_notice}.{one.stay}",
            "supersession": "key",
            "version_at": datetime.combine(day(one.arrived), time.min) + timedelta(minutes=one.number),
            "known_at": datetime.combine(day(one.arrived), time.min),
            "received_at": datetime.combine(day(one.arrived), time.min),
            "is_withdrawn": one.is_withdrawn,
            "delivery_id": f"d{one.is_notice}{one.arrived}.{one.number}",
            "source_row_number": 1,
        }
        for one in told
    ]


def expected(told: Sequence[Told]) -> list[tuple[str, date, date | None]]:
    """The last version of each feed before the cut-off; the record before the notice; an end from either."""
    last: dict[tuple[int, bool], Told] = {}
    for one in told:
        if one.arrived <= 0:
            last[one.stay, one.is_notice] = max(
                last.get((one.stay, one.is_notice), one), one, key=lambda each: (each.arrived, each.number)
            )
    seen = []
    for stay in range(STAYS):
        notice, record = last.get((stay, True)), last.get((stay, False))
        if notice and notice.is_withdrawn:
            notice = None
        shown = record or notice
        if shown is None or shown.is_withdrawn:
            continue
        end = shown.discharged
        if end is None and notice is not None:
            end = notice.discharged
        seen.append((f"p{stay}", day(shown.admitted), day(end) if end is not None and end < 0 else None))
    return sorted(seen, key=repr)


def visible(engine: Engine, told: Sequence[Told]) -> list[tuple[str, date, date | None]]:
    engine.add_arrow("event_row", shapes.relation(shapes.EVENT_ROW, rows(told)))
    keep_visible_events(engine, project=PROJECT, known_before=CUT_OFF, index_date=INDEX_DATE)
    found = engine.table("event").to_pylist()
    assert {row["event_type"] for row in found} == {"admission"}
    return sorted(((row["person_key"], row["event_date"], row["end_date"]) for row in found), key=repr)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_one_admission_a_stay_whatever_came_when(engine: Engine, seed: int) -> None:
    told = histories(seed)
    assert visible(engine, told) == expected(told)


def test_the_order_of_rows_does_not_matter(engine: Engine) -> None:
    told = histories(1)
    mixed = list(told)
    Random(9).shuffle(mixed)
    assert visible(engine, mixed) == visible(engine, told)


def test_what_came_after_the_cut_off_changes_nothing(engine: Engine) -> None:
    told = histories(1)
    before = [one for one in told if one.arrived <= 0]
    assert len(before) < len(told)
    assert visible(engine, before) == visible(engine, told)


def test_the_law_can_fail(engine: Engine) -> None:
    """Without the key of the stay the feeds count twice, so the histories do hold stays told by both."""
    told = histories(1)
    apart = [row | {"spell_key": None} for row in rows(told)]
    engine.add_arrow("event_row", shapes.relation(shapes.EVENT_ROW, apart))
    keep_visible_events(engine, project=PROJECT, known_before=CUT_OFF, index_date=INDEX_DATE)
    assert engine.count("event") > len(expected(told)) + 50
