"""Events: every linked delivery in one shape, once, and again when it was linked again."""

from datetime import date

import pytest
from small_home import ANN, BEN, CONTRACTS, deliver, entry, patient, small_context

from pipeline.contracts.settings import Settings
from pipeline.ledger import steps
from pipeline.steps.context import Context
from pipeline.steps.events import events
from pipeline.steps.link import link
from pipeline.store import layout, tables

EXPECTED = {
    "gp_event": {"gp_code"},
    "gp_medication": {"gp_medication"},
    "acute_apc": {"admission", "diagnosis"},
    "acute_ecds": {"attendance"},
    "community_contact": {"community_contact"},
    "social_care_event": {"care_service"},
}


@pytest.fixture
def context(home: Settings) -> Context:
    return small_context(home)


def rows_of(context: Context, name: str = "event") -> list[dict[str, object]]:
    return tables.read(layout.table(context.settings.home, name)).to_pylist()


@pytest.mark.parametrize("extract", EXPECTED)
def test_a_row_of_each_extract_becomes_its_events(context: Context, extract: str) -> None:
    delivery_id = deliver(context, extract, [{"nhs_number": ANN}])
    link(context)
    assert events(context).counts["deliveries"] == 1
    rows = rows_of(context)
    assert {row["event_type"] for row in rows} == EXPECTED[extract]
    assert {row["source"] for row in rows} == {CONTRACTS[extract].source}
    assert {row["delivery_id"] for row in rows} == {delivery_id}
    assert len({row["row_key"] for row in rows}) == 1


def test_a_patient_list_becomes_registrations(context: Context) -> None:
    deliver(context, "gp_patient", [patient(ANN, "1"), patient(BEN, "2", is_confidential="1")])
    link(context)
    events(context)
    rows = rows_of(context, "registration")
    assert sorted(row["is_confidential"] for row in rows) == [False, True]
    assert not tables.exists(layout.table(context.settings.home, "event"))


def test_a_second_time_nothing_is_done(context: Context) -> None:
    deliver(context, "gp_event", [entry(ANN, "O-1")])
    link(context)
    assert events(context).counts == {"deliveries": 1, "rows": 1}
    assert events(context).counts == {"deliveries": 0, "rows": 0}


def test_a_delivery_that_is_not_linked_yet_has_no_events(context: Context) -> None:
    deliver(context, "gp_event", [entry(ANN, "O-1")])
    assert events(context).counts == {"deliveries": 0, "rows": 0}


def test_what_was_linked_again_is_turned_into_events_again_and_stands_once(context: Context) -> None:
    delivery_id = deliver(context, "gp_event", [entry(ANN, "O-1"), entry(BEN, "O-2")])
    link(context)
    events(context)
    steps.start_step(context.ledger, scope=delivery_id, step="link", at=context.now())
    link(context)
    assert events(context).counts == {"deliveries": 1, "rows": 2}
    assert len(rows_of(context)) == 2


@pytest.mark.parametrize(("kind", "states"), [("bulk", 2), ("regular", 1)])
def test_a_stay_of_bulk_history_becomes_known_in_two_steps(context: Context, kind: str, states: int) -> None:
    """Its admission two days after it began, its end and diagnosis two days after it ended."""
    stay = {"nhs_number": ANN, "admission_date": "2026-03-02", "episode_start_date": "2026-03-02"}
    deliver(context, "acute_apc", [stay | {"discharge_date": "2026-03-09"}], sender="RKE", kind=kind)
    link(context)
    events(context)
    rows = rows_of(context)
    admissions = sorted((row["known_at"], row["end_date"]) for row in rows if row["event_type"] == "admission")
    assert len(admissions) == states
    if kind == "bulk":
        assert [known.date() for known, _ in admissions] == [date(2026, 3, 4), date(2026, 3, 11)]
        assert admissions[0][1] is None
    assert {row["known_at"] for row in rows if row["event_type"] == "diagnosis"} == {admissions[-1][0]}


def test_the_version_of_a_councils_submission_is_the_end_of_its_period(context: Context) -> None:
    rows = [{"nhs_number": ANN, "reporting_period_end": "2026-06-30"}]
    deliver(context, "social_care_event", rows, sender="E09000007")
    link(context)
    events(context)
    (row,) = rows_of(context)
    assert row["version_at"].isoformat() == "2026-06-30T00:00:00"
    assert row["known_at"] == row["received_at"]
