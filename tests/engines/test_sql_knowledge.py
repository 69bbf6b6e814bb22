"""What was visible at a cut-off: corrections, withdrawals, replaced submissions, late news, and ends that lie ahead."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from pipeline.contracts.codelist import load_codelists
from pipeline.engines import shapes
from pipeline.engines.embedded import Engine
from pipeline.engines.visible import keep_hospital_deaths, keep_visible_events, keep_visible_registrations

PROJECT = Path(__file__).parents[2]
INDEX_DATE = date(2025, 4, 1)


def stamp(month: int, day: int = 1, hour: int = 0) -> datetime:
    """A stamp of 2025 as the store keeps it: UTC without saying so."""
    return datetime(2025, month, day, hour, tzinfo=UTC).replace(tzinfo=None)


THEN, NOW = stamp(4, 1, 1), stamp(9)


def row(**changed: object) -> dict[str, object]:
    return {
        "person_key": "p1",
        "source": "acute",
        "event_type": "admission",
        "event_date": date(2025, 3, 1),
        "end_date": date(2025, 3, 5),
        "code": "J441",
        "method_code": "21",
        "status_code": "1",
        "row_key": "a",
        "supersession": "key",
        "version_at": stamp(3),
        "known_at": stamp(3),
        "received_at": stamp(3),
        "is_withdrawn": False,
        "delivery_id": "d1",
        "source_row_number": 1,
    } | changed


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine(threads=2, memory_limit="256MB") as opened:
        yield opened


def visible(
    engine: Engine, *rows: dict[str, object], known_before: datetime = THEN, usable: str = "acute"
) -> list[dict]:
    engine.add_arrow("event_row", shapes.relation(shapes.EVENT_ROW, rows))
    engine.add_arrow("usable_source", shapes.relation(shapes.USABLE_SOURCE, [{"source": usable}]))
    keep_visible_events(engine, project=PROJECT, known_before=known_before, index_date=INDEX_DATE)
    return engine.table("event").to_pylist()


def test_a_stay_ends_when_its_last_episode_says_so(engine: Engine) -> None:
    """Some hospitals fill in the discharge on the last episode alone; the first is what counts as the admission."""
    first = row(spell_key="s", end_date=None)
    last = row(spell_key="s", event_type="episode", row_key="b", source_row_number=2)
    ends = {one["event_type"]: one["end_date"] for one in visible(engine, first, last)}
    assert ends == {"admission": date(2025, 3, 5), "episode": date(2025, 3, 5)}
    taken_back = last | {"is_withdrawn": True, "version_at": stamp(3, 9), "known_at": stamp(3, 9), "delivery_id": "d2"}
    assert [one["end_date"] for one in visible(engine, first, last, taken_back)] == [None]


def codes(found: list[dict]) -> list[str]:
    return sorted(event["code"] for event in found)


def test_known_at_must_be_before_the_cut_off(engine: Engine) -> None:
    assert visible(engine, row(known_at=THEN)) == []
    assert len(visible(engine, row(known_at=THEN.replace(hour=0, minute=59)))) == 1


def test_a_source_that_may_not_be_used_is_not_seen(engine: Engine) -> None:
    assert visible(engine, row(), usable="gp") == []


def test_a_correction_is_seen_from_its_own_arrival_on(engine: Engine) -> None:
    first = row(code="OLD")
    corrected = row(code="NEW", version_at=stamp(6), known_at=stamp(6), received_at=stamp(6), delivery_id="d2")
    assert codes(visible(engine, first, corrected)) == ["OLD"]
    assert codes(visible(engine, corrected, first, known_before=NOW)) == ["NEW"]


def test_a_withdrawal_hides_the_row_but_not_its_past(engine: Engine) -> None:
    withdrawn = row(is_withdrawn=True, version_at=stamp(6), known_at=stamp(6), delivery_id="d2")
    assert codes(visible(engine, row(), withdrawn)) == ["J441"]
    assert visible(engine, row(), withdrawn, known_before=NOW) == []


def test_an_older_version_that_arrives_later_does_not_win(engine: Engine) -> None:
    newest = row(code="NEW", version_at=stamp(3, 9))
    straggler = row(code="OLD", version_at=stamp(3, 2), known_at=stamp(3, 20), delivery_id="d2")
    assert codes(visible(engine, newest, straggler)) == ["NEW"]


@pytest.mark.parametrize(
    "winner",
    [
        {"version_at": stamp(3, 2), "known_at": stamp(2), "delivery_id": "d0"},
        {"known_at": stamp(3, 2), "delivery_id": "d0", "source_row_number": 0},
        {"delivery_id": "d2", "source_row_number": 0},
        {"source_row_number": 2},
    ],
    ids=["version_at", "known_at", "delivery_id", "source_row_number"],
)
def test_order_of_versions(engine: Engine, winner: dict[str, object]) -> None:
    """Each part decides before the next one is looked at."""
    assert codes(visible(engine, row(code="LOSER"), row(code="WINNER") | winner)) == ["WINNER"]


def test_a_row_that_became_known_in_two_steps_is_seen_as_it_was_known(engine: Engine) -> None:
    """The same row of the same delivery: first the open stay, later the whole one with its diagnosis."""
    still_open = row(end_date=None, code=None, status_code=None)
    later = {"known_at": stamp(3, 7), "end_date": date(2025, 3, 5)}
    rows = [still_open, row(**later), row(event_type="diagnosis", code="I50X", **later)]
    [first] = visible(engine, *rows, known_before=stamp(3, 7))
    assert (first["event_type"], first["end_date"], first["code"]) == ("admission", None, None)
    both = visible(engine, *rows)
    assert codes(both) == ["I50X", "J441"]
    assert {event["end_date"] for event in both} == {date(2025, 3, 5)}


def test_all_events_of_the_winning_source_row_stay(engine: Engine) -> None:
    diagnosis = {"event_type": "diagnosis", "status_code": None}
    old = [row(code="OLD"), row(code="OLD1", **diagnosis), row(code="OLD2", **diagnosis)]
    newer = {"version_at": stamp(3, 9), "delivery_id": "d2"}
    new = [row(code="NEW", **newer), row(code="NEW1", **diagnosis, **newer)]
    assert codes(visible(engine, *old, *new)) == ["NEW", "NEW1"]
    assert codes(visible(engine, *old)) == ["OLD", "OLD1", "OLD2"]


def submission(**changed: object) -> dict[str, object]:
    base = {"event_type": "care_service", "supersession": "submission", "scope_key": "council/2025"}
    return row(**base) | {"end_date": None} | changed


def test_a_newer_submission_replaces_the_whole_of_the_older(engine: Engine) -> None:
    """Also rows that the newer one no longer holds; another council's submission stays."""
    old = [submission(code="KEPT", row_key="a"), submission(code="GONE", row_key="b")]
    newer = {"received_at": stamp(3, 20), "known_at": stamp(3, 20), "delivery_id": "d2"}
    new = [submission(code="KEPT2", row_key="a", **newer), submission(code="ADDED", row_key="c", **newer)]
    other = submission(code="OTHER", row_key="d", scope_key="elsewhere/2025")
    assert codes(visible(engine, *old, *new, other)) == ["ADDED", "KEPT2", "OTHER"]


def test_an_older_period_sent_again_does_not_replace_a_newer_one(engine: Engine) -> None:
    """A council's periods share a scope: the period that ends last is current, and of that the last sent."""
    autumn = submission(code="AUTUMN", version_at=stamp(1), received_at=stamp(2, 10))
    again = {"received_at": stamp(3, 20), "known_at": stamp(3, 20), "delivery_id": "d2"}
    summer = submission(code="SUMMER", version_at=stamp(1).replace(year=2024), **again)
    assert codes(visible(engine, autumn, summer)) == ["AUTUMN"]
    corrected = submission(code="CORRECTED", version_at=stamp(1), **again | {"delivery_id": "d3"})
    assert codes(visible(engine, autumn, summer, corrected)) == ["CORRECTED"]


def test_a_period_that_ends_in_the_future_does_not_win_for_ever(engine: Engine) -> None:
    mistyped = submission(code="MISTYPED", version_at=stamp(1).replace(year=2062), received_at=stamp(1, 10))
    later = {"received_at": stamp(3, 20), "known_at": stamp(3, 20), "delivery_id": "d2"}
    assert codes(visible(engine, mistyped, submission(code="NEXT", version_at=stamp(2), **later))) == ["NEXT"]


def test_a_submission_received_after_the_cut_off_replaces_nothing_yet(engine: Engine) -> None:
    late = submission(code="LATE", received_at=stamp(6), known_at=stamp(6), delivery_id="d2")
    assert codes(visible(engine, submission(code="EARLY"), late)) == ["EARLY"]
    assert codes(visible(engine, submission(code="EARLY"), late, known_before=NOW)) == ["LATE"]


@pytest.mark.parametrize("end", [INDEX_DATE, date(2025, 4, 9)])
def test_an_end_that_lies_ahead_is_not_known(engine: Engine, end: date) -> None:
    """Neither are the discharge method and the codes that are written at discharge."""
    diagnosis = row(event_type="diagnosis", code="I50X", end_date=end)
    episode = row(event_type="episode", end_date=end, row_key="b")
    found = visible(engine, row(end_date=end), diagnosis, episode)
    assert {event["event_type"] for event in found} == {"admission", "episode"}
    for event in found:
        assert (event["end_date"], event["status_code"], event["code"]) == (None, None, None)
        assert event["method_code"] == "21"


def test_the_day_before_the_index_date_is_known(engine: Engine) -> None:
    ended = {"end_date": date(2025, 3, 31)}
    found = visible(engine, row(**ended), row(event_type="diagnosis", code="I50X", status_code=None, **ended))
    assert codes(found) == ["I50X", "J441"]
    assert {event["end_date"] for event in found} == {date(2025, 3, 31)}


def test_a_stay_without_an_end_has_no_diagnosis_yet(engine: Engine) -> None:
    [admission] = visible(engine, row(end_date=None), row(event_type="diagnosis", end_date=None))
    assert admission["code"] is None


def test_the_outcome_of_a_service_that_ends_later_is_not_known(engine: Engine) -> None:
    [service] = visible(engine, submission(end_date=INDEX_DATE, status_code="Died", code="Community"))
    assert (service["end_date"], service["status_code"], service["code"]) == (None, None, "Community")


def registration(**changed: object) -> dict[str, object]:
    return {
        "person_key": "p1",
        "source": "gp",
        "practice_code": "F83001",
        "registration_start_date": date(2020, 1, 1),
        "is_confidential": False,
        "row_key": "a",
        "version_at": stamp(3),
        "known_at": stamp(3),
        "is_withdrawn": False,
        "delivery_id": "d1",
        "source_row_number": 1,
    } | changed


DIED = {"status_code": "4"}
OPEN = {"end_date": None, "status_code": None}
SAID = {"event_type": "admission_notice", "row_key": "n", "spell_key": "s", "delivery_id": "d0"}


def hospital_deaths(
    engine: Engine, *rows: dict[str, object], known_before: datetime = THEN, usable: str = "acute"
) -> dict[str, date]:
    engine.add_codelist(load_codelists(PROJECT)["died_in_hospital"])
    engine.add_arrow("event_row", shapes.relation(shapes.EVENT_ROW, [row(spell_key="s", **DIED) | one for one in rows]))
    engine.add_arrow("usable_source", shapes.relation(shapes.USABLE_SOURCE, [{"source": usable}]))
    keep_hospital_deaths(engine, project=PROJECT, known_before=known_before, index_date=INDEX_DATE)
    return {one["person_key"]: one["death_date"] for one in engine.table("hospital_death").to_pylist()}


@pytest.mark.parametrize(
    ("rows", "died"),
    [
        ([{}], True),
        ([SAID], True),
        ([{"event_type": "episode"}], True),
        ([{"status_code": "1"}], False),
        ([{"status_code": "5"}], False),
        ([{"end_date": INDEX_DATE}], False),
        ([{"known_at": THEN}], False),
        ([{"is_withdrawn": True}], False),
        ([{}, {"status_code": "1", "version_at": stamp(3, 9), "known_at": stamp(3, 9), "delivery_id": "d2"}], False),
        ([SAID, OPEN], True),
        ([SAID, {"status_code": "1"}], False),
        ([SAID, {"is_withdrawn": True}], False),
        ([{}, {"row_key": "b", "spell_key": "t", "event_date": date(2025, 3, 5), **OPEN}], True),
        ([{}, {"row_key": "b", "spell_key": "t", "event_date": date(2025, 3, 6), **OPEN}], False),
    ],
    ids=[
        "recorded", "told by the daily feed", "told by the last episode", "discharged alive", "her child", "lies ahead",
        "not known yet", "withdrawn", "corrected", "the feed before the record's end", "the record outweighs the feed",
        "the stay was taken back", "another bed on that day", "came to hospital later",
    ],
)  # fmt: skip
def test_who_died_in_hospital(engine: Engine, rows: list[dict[str, object]], died: bool) -> None:
    assert hospital_deaths(engine, *rows) == ({"p1": date(2025, 3, 5)} if died else {})


def test_a_death_in_hospital_is_known_from_its_own_arrival_on_and_where_the_source_may_be_used(engine: Engine) -> None:
    late = {"known_at": stamp(6)}
    assert hospital_deaths(engine, late) == {}
    assert hospital_deaths(engine, late, known_before=NOW) == {"p1": date(2025, 3, 5)}
    assert hospital_deaths(engine, {}, usable="gp") == {}


def test_a_death_in_hospital_is_a_death_on_every_list_and_a_practices_own_date_stands(engine: Engine) -> None:
    hospital_deaths(engine, {}, {"person_key": "p2", "row_key": "b", "spell_key": "t"})
    rows = [registration(), registration(practice_code="F83002", row_key="b")]
    rows += [
        registration(person_key="p2", row_key="c", death_date=date(2025, 3, 4)),
        registration(person_key="p3", row_key="d"),
    ]
    found = {one["row_key"]: one["death_date"] for one in visible_registrations(engine, *rows)}
    assert found == {"a": date(2025, 3, 5), "b": date(2025, 3, 5), "c": date(2025, 3, 4), "d": None}


def visible_registrations(engine: Engine, *rows: dict[str, object], known_before: datetime = THEN) -> list[dict]:
    engine.add_arrow("registration_row", shapes.relation(shapes.REGISTRATION_ROW, rows))
    engine.add_arrow("usable_source", shapes.relation(shapes.USABLE_SOURCE, [{"source": "gp"}]))
    keep_visible_registrations(engine, project=PROJECT, known_before=known_before, index_date=INDEX_DATE)
    return engine.table("registration").to_pylist()


def test_registrations_are_corrected_and_withdrawn(engine: Engine) -> None:
    moved = registration(practice_code="F83002", version_at=stamp(6), known_at=stamp(6), delivery_id="d2")
    gone = registration(row_key="b", is_withdrawn=True)
    [then] = visible_registrations(engine, registration(), moved, gone)
    [now] = visible_registrations(engine, registration(), moved, gone, known_before=NOW)
    assert (then["practice_code"], now["practice_code"]) == ("F83001", "F83002")


def test_a_registration_end_and_a_death_that_lie_ahead_are_not_known(engine: Engine) -> None:
    ahead = registration(registration_end_date=INDEX_DATE, death_date=INDEX_DATE)
    behind = registration(row_key="b", registration_end_date=date(2025, 3, 31), death_date=date(2025, 3, 31))
    found = {r["row_key"]: r for r in visible_registrations(engine, ahead, behind)}
    assert (found["a"]["registration_end_date"], found["a"]["death_date"]) == (None, None)
    assert (found["b"]["registration_end_date"], found["b"]["death_date"]) == (date(2025, 3, 31), date(2025, 3, 31))
