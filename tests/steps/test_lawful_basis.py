"""What the policy covers and who has agreed decide what a night uses; the register says what was left out and why."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from run_home import enter_model, write_policy
from small_home import ANN, BEN, deliver, entry, patient, small_context
from test_new_feeds import night, row_of, says

from pipeline.contracts.settings import Settings
from pipeline.errors import ContractError
from pipeline.ledger import runs
from pipeline.rules.reasons_concepts import only_shown
from pipeline.steps.at_hand.context import Context
from pipeline.steps.run.run import open_run

NIGHT = date(2026, 11, 15)
LAST = date(2026, 11, 15)


@pytest.fixture
def context(home: Settings) -> Context:
    context = small_context(home)
    enter_model(context, "model")
    deliver(context, "gp_patient", [patient(ANN, "1"), patient(BEN, "2")])
    deliver(context, "gp_event", [entry(ANN, "O-1")])
    deliver(context, "acute_apc", [{"nhs_number": ANN, "admission_date": "2026-10-01"}], sender="RKE")
    deliver(context, "community_contact", [{"nhs_number": ANN}], sender="RKE")
    deliver(context, "community_referral", [{"nhs_number": ANN}], sender="RKE")
    return context


def extracts(context: Context) -> set[str]:
    run = open_run(context, as_of=NIGHT, knowledge="then")
    return {name.split(".")[0] for name in runs.run_deliveries(context.ledger, run.run_key)}


def entry_of(policy: dict[str, Any], source: str) -> dict[str, Any]:
    return next(one for one in policy["sources"] if one["source"] == source)


def no_letter(policy: dict[str, Any]) -> None:
    entry_of(policy, "community")["data_sets"] = ["community_contact"]


def left(policy: dict[str, Any]) -> None:
    (one,) = [each for each in policy["providers"] if each["sender"] == "RKE"]
    one["valid_to"] = LAST


def test_everything_covered_and_agreed_is_used(context: Context) -> None:
    assert {"acute_apc", "community_contact", "community_referral"} <= extracts(context)


def test_an_extract_no_letter_covers_is_not_used_and_its_source_is_unknown_not_nought(context: Context) -> None:
    before = night(context)
    assert row_of(context, "feature", before, ANN)["community_contacts_12m"] is not None
    write_policy(context.settings, no_letter)
    assert "community_referral" not in extracts(context)
    run = night(context)
    # Half a source would read as little care: of neither half anything is said.
    row = row_of(context, "feature", run, ANN)
    assert {row[name] for name in row if name.startswith(("community_", "has_community"))} == {None}
    assert says(context, run)["community"] == "Not used: no letter covers “Community services referrals”"


def test_a_provider_whose_agreement_ended_is_not_used_and_the_register_says_so(context: Context) -> None:
    write_policy(context.settings, left)
    assert extracts(context) == {"gp_patient", "gp_event"}
    run = night(context)
    assert row_of(context, "feature", run, ANN)["emergency_admissions_12m"] is None
    told = says(context, run)
    assert told["acute"] == "Nothing has been received yet. Not used: RKE has no agreement to supply"
    assert told["gp"].startswith("Records up to")


@pytest.mark.parametrize(
    "change",
    [
        lambda policy: entry_of(policy, "gp")["data_sets"].append("gp_evnet"),
        lambda policy: entry_of(policy, "gp")["data_sets"].append("social_care_event_2"),
        lambda policy: entry_of(policy, "outpatient").update(data_sets=["acute_apc"]),
    ],
)
def test_a_data_set_nobody_sends_by_that_name_stops_the_night(
    context: Context, change: Callable[[dict[str, Any]], object]
) -> None:
    def both(policy: dict[str, Any]) -> None:
        entry_of(policy, "acute")["data_sets"] = ["acute_daily"]
        change(policy)

    write_policy(context.settings, both)
    with pytest.raises(ContractError, match="data_sets"):
        open_run(context, as_of=NIGHT, knowledge="then")


def test_a_concept_may_be_scored_and_not_told() -> None:
    values = {"has_dementia": True, "falls_12m": 2, "age_years": 80}
    told = only_shown(values, sources=("gp",), withheld={"long_term_conditions"})
    assert told == {"has_dementia": None, "falls_12m": 2, "age_years": 80}
