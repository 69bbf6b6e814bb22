"""Events: every linked delivery in one shape, once, and again when it was linked again."""

from datetime import UTC, date, datetime, timedelta

import pytest
from small_home import ANN, BEN, CAT, CONTRACTS, deliver, entry, patient, small_context

from pipeline.contracts.settings import PROJECT, Settings
from pipeline.engines import shapes
from pipeline.engines.embedded import Engine
from pipeline.engines.visible import keep_visible_events
from pipeline.ledger import steps
from pipeline.steps.at_hand.context import Context
from pipeline.steps.features.events import events
from pipeline.steps.link.link import link
from pipeline.store import layout, tables

# As the store keeps moments: UTC without saying so.
LATER = datetime(2027, 1, 1, tzinfo=UTC).replace(tzinfo=None)
EXPECTED = {
    "gp_event": {"gp_code"},
    "gp_medication": {"gp_medication"},
    "acute_apc": {"admission", "diagnosis"},
    "acute_daily": {"admission_notice"},
    "acute_ecds": {"attendance"},
    "acute_outpatient": {"outpatient_appointment"},
    "community_contact": {"community_contact"},
    "community_referral": {"community_referral"},
    "mental_health_contact": {"mental_health_contact"},
    "mental_health_spell": {"mental_health_admission"},
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


def test_every_extract_with_people_has_its_events() -> None:
    assert {*EXPECTED, "gp_patient"} == {name for name, contract in CONTRACTS.items() if contract.person}


@pytest.mark.parametrize("extract", [name for name, contract in CONTRACTS.items() if not contract.person])
def test_an_extract_that_nobody_is_in_is_not_linked_and_leaves_its_zone_only_without_identifiers(
    context: Context, extract: str
) -> None:
    ids = [deliver(context, extract, [{}, {}], sender="REF", at=f"2026-11-{day}T20:00:00") for day in (14, 15)]
    for _ in range(2):
        assert link(context).counts["deliveries"] == 0
        assert events(context).counts == {"deliveries": 0, "rows": 0}
    home = context.settings.home
    assert tables.read(layout.clean(home, extract)).num_rows == 4
    assert not any(tables.exists(path) for path in (layout.linked(home, extract), layout.unlinked(home, extract)))
    told = tables.slices(layout.table(home, extract), column="delivery_id")
    assert told == ([] if CONTRACTS[extract].private("identifier") else ids)


@pytest.mark.parametrize("extract", ["community_contact", "mental_health_contact", "social_care_event"])
def test_a_submission_without_rows_takes_back_the_one_before_it_and_no_other(context: Context, extract: str) -> None:
    """The third is of the same sender and period as the first, and holds nothing; the second is another sender's."""
    period = {"reporting_period_start": "2026-11-01"} if CONTRACTS[extract].supersession.within else {}
    first = deliver(context, extract, [{"nhs_number": ANN} | period], sender="RKE")
    other = deliver(context, extract, [{"nhs_number": ANN} | period], sender="RV3")
    link(context)
    events(context)
    assert sorted(visible_deliveries(context, first, other)) == [first, other]
    emptied = deliver(context, extract, [], sender="RKE", at="2026-11-16T20:00:00")
    link(context)
    assert events(context).counts == {"deliveries": 1, "rows": 1}
    assert visible_deliveries(context, first, other, emptied) == [other]
    assert sorted(visible_deliveries(context, first, other)) == [first, other]


def visible_deliveries(context: Context, *ids: str) -> list[str]:
    """The delivery of each event that is visible when these deliveries are known."""
    rows = tables.read(layout.table(context.settings.home, "event"), column="delivery_id", values=list(ids))
    with Engine(threads=1, memory_limit="256MB") as engine:
        # Who sent it stands in for whom it is of, so that the answer tells.
        named = rows.set_column(rows.column_names.index("provider_code"), "provider_code", rows["delivery_id"])
        engine.add_arrow("event_row", named)
        sources = [{"source": one} for one in ("community", "mental_health", "social_care")]
        engine.add_arrow("usable_source", shapes.relation(shapes.USABLE_SOURCE, sources))
        keep_visible_events(engine, project=PROJECT, known_before=LATER, index_date=date(2027, 1, 1))
        return engine.table("event")["provider_code"].to_pylist()


def test_a_notice_and_the_record_of_a_stay_have_the_same_spell_key(context: Context) -> None:
    for extract, number in (("acute_daily", "S-1"), ("acute_apc", "S-1"), ("acute_apc", "S-2")):
        at = "2026-11-15T20:00:00" if number == "S-1" else "2026-11-16T20:00:00"
        deliver(context, extract, [{"nhs_number": ANN, "spell_number": number}], sender="RKE", at=at)
    link(context)
    events(context)
    keys = {row["event_type"] + row["delivery_id"][-16:-8]: row["spell_key"] for row in rows_of(context)}
    assert keys["admission_notice20261115"] == keys["admission20261115"] != keys["admission20261116"]
    assert "S-1" not in str(keys)


@pytest.mark.parametrize(
    ("extract", "begins", "ends"),
    [
        ("community_referral", "referral_received_date", "discharge_date"),
        ("mental_health_spell", "admission_date", "discharge_date"),
    ],
)
@pytest.mark.parametrize("kind", ["bulk", "regular"])
def test_history_tells_first_that_it_is_open_and_then_its_end(
    context: Context, extract: str, begins: str, ends: str, kind: str
) -> None:
    lag = timedelta(days=CONTRACTS[extract].reporting_lag_days)
    deliver(context, extract, [{"nhs_number": ANN, begins: "2026-03-02", ends: "2026-05-09"}], sender="RKE", kind=kind)
    link(context)
    events(context)
    told = sorted((row["known_at"].date(), row["end_date"]) for row in rows_of(context))
    if kind == "regular":
        assert [end for _, end in told] == [date(2026, 5, 9)]
    else:
        assert told == [(date(2026, 3, 2) + lag, None), (date(2026, 5, 9) + lag, date(2026, 5, 9))]


def test_a_patient_list_becomes_registrations(context: Context) -> None:
    deliver(context, "gp_patient", [patient(ANN, "1"), patient(BEN, "2", is_confidential="1")])
    link(context)
    events(context)
    rows = rows_of(context, "registration")
    assert sorted(row["is_confidential"] for row in rows) == [False, True]
    assert not tables.exists(layout.table(context.settings.home, "event"))


def test_a_registration_says_language_interpreter_and_household(context: Context) -> None:
    told = {"main_language": "tr", "interpreter_required": "1", "household_id": "H-1"}
    unasked = dict.fromkeys(told, "")
    deliver(context, "gp_patient", [patient(ANN, "1", **told), patient(BEN, "2", **told), patient(CAT, "3", **unasked)])
    link(context)
    events(context)
    rows = sorted(rows_of(context, "registration"), key=lambda row: row["source_row_number"])
    assert [(row["language_code"], row["needs_interpreter"]) for row in rows] == [("tr", True)] * 2 + [(None, None)]
    ann, ben, cat = (row["household_key"] for row in rows)
    assert ann == ben and "H-1" not in ann
    assert cat is None


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
    """Its admission when the lag after its beginning has passed, end and diagnosis when the lag after its end has."""
    lag = timedelta(days=CONTRACTS["acute_apc"].reporting_lag_days)
    stay = {"nhs_number": ANN, "admission_date": "2026-03-02", "episode_start_date": "2026-03-02"}
    deliver(context, "acute_apc", [stay | {"discharge_date": "2026-03-09"}], sender="RKE", kind=kind)
    link(context)
    events(context)
    rows = rows_of(context)
    admissions = sorted((row["known_at"], row["end_date"]) for row in rows if row["event_type"] == "admission")
    assert len(admissions) == states
    if kind == "bulk":
        assert [known.date() for known, _ in admissions] == [date(2026, 3, 2) + lag, date(2026, 3, 9) + lag]
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
