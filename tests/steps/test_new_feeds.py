"""The feeds beside the first seven, from delivery to what a register says of them; and a night without any of them."""

from datetime import date, timedelta

import pytest
from run_home import enter_model, write_policy
from small_home import ANN, BEN, deliver, keys, patient, small_context

from pipeline.contracts.policy import SOURCES, load_policy
from pipeline.contracts.settings import Settings
from pipeline.ledger.runs import Run
from pipeline.steps.at_hand.context import Context
from pipeline.steps.features.events import events
from pipeline.steps.features.features import features
from pipeline.steps.link.link import link
from pipeline.steps.run.run import open_run
from pipeline.steps.watch.source_states import notices, source_states
from pipeline.store import layout, tables

NIGHT = date(2026, 11, 15)
TOLD = {"main_language": "tr", "interpreter_required": "1", "household_id": "H-7"}


@pytest.fixture
def context(home: Settings) -> Context:
    """Ann and Ben, registered where every source has its supplier."""
    context = small_context(home)
    write_policy(home, lambda policy: None)
    enter_model(context, "model")
    deliver(context, "gp_patient", [patient(ANN, "1", **TOLD), patient(BEN, "2", **TOLD)])
    return context


def night(context: Context, *, as_of: date = NIGHT) -> Run:
    link(context)
    events(context)
    run = open_run(context, as_of=as_of, knowledge="then")
    features(context, run=run)
    return run


def row_of(context: Context, table: str, run: Run, nhs_number: str) -> dict[str, object]:
    rows = tables.read(layout.table(context.settings.home, table), column="run_key", values=[run.run_key]).to_pylist()
    (row,) = [row for row in rows if row["person_key"] == keys(context, nhs_number)[0]]
    return row


def says(context: Context, run: Run) -> dict[str, str]:
    states = source_states(context, run=run, policy=load_policy(context.settings.policy_file))
    assert tuple(state.source for state in states) == SOURCES
    return {state.source: state.says for state in states}


def test_nothing_received_is_said_and_is_unknown_and_not_nothing(context: Context) -> None:
    run = night(context)
    assert says(context, run)["outpatient"] == says(context, run)["mental_health"] == "Nothing has been received yet"
    row = row_of(context, "feature", run, ANN)
    ours = ("outpatient", "mental_health", "community_ref", "has_community")
    assert {row[name] for name in row if name.startswith(ours)} == {None}


def test_each_feed_reaches_the_features_and_the_register_says_how_far_it_goes(context: Context) -> None:
    ann = {"nhs_number": ANN}
    ahead = {"appointment_date": "2027-01-12", "attendance_status": "0", "first_attendance": ""}
    deliver(context, "acute_outpatient", [ann, ann | {"attendance_status": "3"}, ann | ahead], sender="RKE")
    deliver(context, "mental_health_contact", [ann, ann | {"team_type": "A02"}], sender="TAF")
    deliver(context, "mental_health_spell", [ann], sender="TAF")
    deliver(context, "community_referral", [ann, ann | {"discharge_date": ""}], sender="RKE")
    deliver(context, "community_contact", [], sender="RKE")
    run = night(context)
    row = row_of(context, "feature", run, ANN)
    wanted = {
        "outpatient_attendances_12m": 1,
        "outpatient_did_not_attend_12m": 1,
        "outpatient_attendance_days_since": (NIGHT - date(2026, 10, 20)).days + 1,
        "mental_health_contacts_12m": 2,
        "mental_health_crisis_contacts_12m": 1,
        "mental_health_inpatient_days_12m": 28,
        "mental_health_contact_days_since": (NIGHT - date(2026, 10, 12)).days + 1,
        "community_referrals_open": 1,
        "community_referrals_closed_3m": 1,
    }
    assert {name: row[name] for name in wanted} == wanted
    assert row["has_community_nursing"] is True
    told = says(context, run)
    assert told["outpatient"] == "Records up to 20 October 2026, 26 days before this list"
    assert told["mental_health"] == "Records up to 12 October 2026, 34 days before this list"
    assert row_of(context, "feature", run, BEN)["outpatient_attendances_12m"] == 0


def test_an_admission_of_the_daily_feed_counts_once_and_tells_who_is_in_hospital(context: Context) -> None:
    stay = {"nhs_number": ANN, "spell_number": "S-1", "provider_code": "RKE", "admission_date": "2026-11-12"}
    admitted = stay | {"message_type": "A", "message_at": "2026-11-12T20:00:00"}
    admitted |= {"discharge_date": "", "discharge_method": ""}
    deliver(context, "acute_apc", [], sender="RKE", at="2026-11-01T20:00:00")
    deliver(context, "acute_daily", [admitted], sender="RKE", at="2026-11-12T22:00:00")
    run = night(context)
    assert row_of(context, "feature", run, ANN)["emergency_admissions_12m"] == 1
    assert row_of(context, "in_hospital", run, ANN)["admission_date"] == date(2026, 11, 12)
    assert says(context, run)["acute"] == "Records up to 12 November 2026, 3 days before this list"
    # The hospital's own record comes a week later, and the discharge with it.
    record = stay | {"episode_start_date": "2026-11-12", "discharge_date": "2026-11-18"}
    deliver(context, "acute_apc", [record], sender="RKE", at="2026-11-20T20:00:00")
    run = night(context, as_of=NIGHT + timedelta(days=7))
    row = row_of(context, "feature", run, ANN)
    assert (row["emergency_admissions_12m"], row["emergency_bed_days_12m"]) == (1, 6)
    held = tables.read(layout.table(context.settings.home, "in_hospital"), column="run_key", values=[run.run_key])
    assert held.num_rows == 0


def test_a_registration_tells_language_interpreter_and_household(context: Context) -> None:
    run = night(context)
    ann, ben = row_of(context, "cohort", run, ANN), row_of(context, "cohort", run, BEN)
    assert (ann["language_code"], ann["needs_interpreter"]) == ("tr", True)
    assert ann["household_key"] == ben["household_key"] and "H-7" not in str(ann["household_key"])


def test_a_silent_sender_is_named_and_a_reference_file_is_none_of_a_practices_concern(context: Context) -> None:
    for extract in ("mental_health_contact", "mental_health_spell"):
        deliver(context, extract, [{"nhs_number": ANN}], sender="TAF", at="2026-08-20T20:00:00")
    deliver(context, "nhs_number_change", [{}], sender="PDS", at="2025-01-20T20:00:00")
    told = notices(context, run=night(context))
    assert [each for each in told if "TAF" in each] == [
        "Mental health services: nothing has come from TAF since 20 August 2026. What happened there since is missing."
    ]
    assert not [each for each in told if "PDS" in each]
