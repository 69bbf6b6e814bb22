"""Labels: only of people whose outcome can be known; training is named by all that decides them."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from run_home import write_policy
from small_home import ANN, BEN, deliver, keys, patient, small_context

from pipeline.contracts.model import load_plan
from pipeline.contracts.policy import load_policy
from pipeline.contracts.reference import Supply, load_reference
from pipeline.contracts.settings import PROJECT, Settings
from pipeline.errors import ModelUnfit
from pipeline.ledger.deliveries import list_deliveries
from pipeline.steps.at_hand import reference_data
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.relations import View
from pipeline.steps.features.events import events
from pipeline.steps.features.labels import labelled_on
from pipeline.steps.link.link import link
from pipeline.steps.model import train
from pipeline.steps.run.run import MODEL

AS_OF = date(2026, 11, 15)
OUTCOME = "emergency_admission_12m"
SUPPLIED_SINCE = date(2025, 6, 1)
BEFORE, AFTER = date(2025, 5, 1), date(2025, 7, 1)
ANNS_PRACTICE, BENS_PRACTICE = "F83671", "F83039"


@pytest.fixture
def context(home: Settings) -> Context:
    """Ann and Ben registered for years with different practices, Ann admitted in August 2025."""
    context = small_context(home)
    write_policy(home, lambda policy: None)
    since = {"registration_start_date": "2020-01-01"}
    places = [(ANN, "1", ANNS_PRACTICE), (BEN, "2", BENS_PRACTICE)]
    lists = [patient(number, own, practice_code=practice, **since) for number, own, practice in places]
    deliver(context, "gp_patient", lists, kind="bulk")
    stay = {"nhs_number": ANN, "admission_method": "21", "admission_date": "2025-08-04"}
    stay |= {"episode_start_date": "2025-08-04", "discharge_date": "2025-08-09"}
    deliver(context, "acute_apc", [stay], sender="RKE", kind="bulk")
    link(context)
    events(context)
    return context


def view(context: Context, day: date) -> View:
    return View(
        policy=load_policy(context.settings.policy_file),
        delivery_ids=[delivery.delivery_id for delivery in list_deliveries(context.ledger)],
        index_date=day,
        known_before=datetime.combine(day, time(1), tzinfo=UTC),
        policy_day=AS_OF + timedelta(days=1),
    )


def labelled(context: Context, day: date) -> tuple[list[str], list[int]]:
    found = labelled_on(
        context,
        view=view(context, day),
        outcome=OUTCOME,
        outcome_known_before=datetime.combine(AS_OF + timedelta(days=1), time(2), tzinfo=UTC),
    )
    assert found.cohort["person_key"].to_pylist() == found.features["person_key"].to_pylist()
    return found.features["person_key"].to_pylist(), found.outcome.tolist()


def supply(monkeypatch: pytest.MonkeyPatch, **area: str) -> None:
    """From June 2025 hospitals supply this area, and nobody before."""
    found = load_reference(PROJECT)
    others = tuple(row for row in found.supplies if row.source != "acute")
    acute = Supply(source="acute", sender="RKE", valid_from=SUPPLIED_SINCE, valid_to=None, **area)
    monkeypatch.setattr(reference_data, "load_reference", lambda project: replace(found, supplies=(*others, acute)))


def test_people_without_a_known_outcome_are_left_out_of_features_and_outcome(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    supply(monkeypatch, area_type="practice", area_code=ANNS_PRACTICE)
    assert labelled(context, AFTER) == (keys(context, ANN), [1])


def test_each_outcome_stands_beside_its_own_person(context: Context) -> None:
    people, outcome = labelled(context, AFTER)
    assert dict(zip(people, outcome, strict=True)) == {keys(context, ANN)[0]: 1, keys(context, BEN)[0]: 0}


def test_an_index_date_before_any_supply_is_refused_in_words(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    supply(monkeypatch, area_type="all", area_code="")
    with pytest.raises(ModelUnfit, match="2025-05-01"):
        labelled(context, BEFORE)


def test_a_policy_without_the_outcomes_source_is_refused_in_words(context: Context) -> None:
    def without_acute(policy: dict[str, Any]) -> None:
        policy["sources"] = [source for source in policy["sources"] if source["source"] != "acute"]

    write_policy(context.settings, without_acute)
    with pytest.raises(ModelUnfit, match="policy"):
        labelled(context, AFTER)


@pytest.mark.parametrize("name", ["code_digest", "reference_digest"])
def test_the_code_and_the_reference_change_the_key_of_a_training(
    context: Context, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = load_plan(PROJECT, MODEL)
    before = train._freeze(context, plan, as_of=AS_OF)
    monkeypatch.setattr(train, name, lambda project: "another")
    assert train._freeze(context, plan, as_of=AS_OF).run_key != before.run_key
