"""The night takes the model for the sources it may lawfully use and that cover somebody, and says so; or it refuses."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from run_home import write_policy
from small_home import ANN, deliver, entry, patient, small_context

from pipeline.contracts.feature import columns_within, load_features
from pipeline.contracts.model import load_plan
from pipeline.contracts.policy import SOURCES, load_policy
from pipeline.contracts.settings import PROJECT, Settings
from pipeline.errors import ModelUnfit
from pipeline.ledger import audit, models, runs
from pipeline.ledger.deliveries import list_deliveries
from pipeline.ledger.models import Model
from pipeline.ledger.runs import Run
from pipeline.steps.at_hand.context import Context
from pipeline.steps.model.promote import promote
from pipeline.steps.model.train import trainable_sets
from pipeline.steps.run.run import MODEL, open_run
from pipeline.steps.run.source_sets import available_sources, fitting_set
from pipeline.steps.tell.status import status
from pipeline.steps.tell.status_words import told
from pipeline.steps.watch.source_states import notices

NIGHT, AT = date(2026, 11, 15), datetime(2026, 11, 16, 2, tzinfo=UTC)
SETS = [{"name": one.name, "sources": list(one.sources)} for one in load_plan(PROJECT, MODEL).source_sets]
COUNCILS = ("E09000003", "E09000007", "E09000010", "E09000014", "E09000019")
SENDERS = {
    "acute_apc": "RKE",
    "acute_ecds": "RKE",
    "acute_outpatient": "RKE",
    "community_contact": "RKE",
    "community_referral": "RKE",
    "mental_health_contact": "TAF",
    "mental_health_spell": "TAF",
    "social_care_event": "E09000007",
}


@pytest.fixture
def context(home: Settings) -> Context:
    """Ann, a delivery of every source, and a promoted family with all declared sets."""
    context = small_context(home)
    write_policy(home, lambda policy: None)
    deliver(context, "gp_patient", [patient(ANN, "1")])
    deliver(context, "gp_event", [entry(ANN, "O-1")])
    deliver(context, "gp_medication", [{"nhs_number": ANN}])
    for extract, sender in SENDERS.items():
        deliver(context, extract, [{"nhs_number": ANN}], sender=sender)
    held = {name: {"top": [{"pct": 2, "sensitivity": 0.1 + place / 100}]} for place, name in enumerate(names())}
    metrics = {"holdout": {"source_sets": held}}
    models.record_model(context.ledger, model=Model("family", MODEL, "lightgbm", NIGHT, "0", metrics, AT, SETS))
    promote(context, model_id="family", who="a person", reason="a test", despite="a test")
    return context


def names() -> list[str]:
    return [str(one["name"]) for one in SETS]


def without(*sources: str) -> Callable[[dict[str, Any]], None]:
    """A policy whose bases for these sources ended the day before the night's index date."""

    def change(policy: dict[str, Any]) -> None:
        for each in policy["sources"]:
            if each["source"] in sources:
                each["valid_to"] = date(2026, 11, 15)

    return change


def night(context: Context) -> Run:
    return open_run(context, as_of=NIGHT, knowledge="then")


def usable(context: Context, day: date = date(2026, 11, 16)) -> tuple[str, ...]:
    return available_sources(
        context,
        policy=load_policy(context.settings.policy_file),
        day=day,
        delivery_ids=[one.delivery_id for one in list_deliveries(context.ledger)],
    )


def test_with_everything_the_largest_set_scores(context: Context) -> None:
    run = night(context)
    assert (run.model_id, run.inputs["source_set"]) == ("family", "all")
    assert not any("made without" in says or "never come" in says for says in notices(context, run=run))
    [frozen] = audit.list_entries(context.ledger, action="freeze_run", run_key=run.run_key)
    assert "source_set=all" in frozen.subject


def test_a_night_whose_councils_agreement_has_ended_takes_the_model_without_social_care(context: Context) -> None:
    before = night(context)
    write_policy(context.settings, without("social_care"))
    run = night(context)
    assert run.inputs["source_set"] == "without_social_care" and run.run_key != before.run_key
    [says] = [one for one in notices(context, run=run) if "made without" in one]
    assert says.startswith("This list was made without: Adult social care.")
    assert "held 11 in 100 of those admitted. With all sources it would have been 10." in says


def test_the_status_names_the_set_of_the_last_night(context: Context) -> None:
    write_policy(context.settings, without("social_care"))
    runs.finish_run(context.ledger, run_key=night(context).run_key, at=AT, counts={})
    report = status(context)
    assert report.last_night is not None and report.last_night["source_set"] == "without_social_care"
    assert "scored by model family, the one for sources: without_social_care" in told(report)


def test_councils_that_may_not_supply_cover_nobody(context: Context) -> None:
    """The basis stands, but no council has an agreement: nothing of theirs is in the night."""

    def change(policy: dict[str, Any]) -> None:
        for each in policy["providers"]:
            if each["sender"] in COUNCILS:
                each["valid_to"] = date(2026, 11, 15)

    write_policy(context.settings, change)
    assert night(context).inputs["source_set"] == "without_social_care"


@pytest.mark.parametrize(
    ("gone", "taken"),
    [
        (("community",), "without_community"),
        (("mental_health",), "without_mental_health"),
        (("community", "social_care"), "gp_and_acute"),
        (("emergency",), "gp_and_acute"),
    ],
)
def test_the_first_set_that_fits_is_taken(context: Context, gone: tuple[str, ...], taken: str) -> None:
    write_policy(context.settings, without(*gone))
    assert night(context).inputs["source_set"] == taken


def test_registrations_alone_take_the_model_without_gp_records(context: Context) -> None:
    """Who is registered may be known, what is in their records not: nobody is covered by GP data."""

    def change(policy: dict[str, Any]) -> None:
        for each in policy["sources"]:
            if each["source"] == "gp":
                each["data_sets"] = ["gp_patient"]

    write_policy(context.settings, change)
    assert night(context).inputs["source_set"] == "without_gp"


def test_a_night_that_no_set_fits_is_refused_with_its_runbook(context: Context) -> None:
    write_policy(context.settings, without("acute", "social_care"))
    with pytest.raises(ModelUnfit, match=r"even acute_only needs acute.*docs/runbooks/no-fitting-model\.md"):
        night(context)
    assert (PROJECT / "docs" / "runbooks" / "no-fitting-model.md").is_file()


def test_a_source_covers_nobody_before_its_supply_begins_or_where_nobody_has_sent(context: Context) -> None:
    assert set(usable(context)) == set(SOURCES)
    assert usable(context, date(2022, 6, 30)) == ()
    only_gp = [one.delivery_id for one in list_deliveries(context.ledger) if one.extract.startswith("gp_")]
    policy = load_policy(context.settings.policy_file)
    assert available_sources(context, policy=policy, day=date(2026, 11, 16), delivery_ids=only_gp) == ("gp",)
    a_part = [one for one in only_gp if not one.startswith("gp_event.")]
    assert available_sources(context, policy=policy, day=date(2026, 11, 16), delivery_ids=a_part) == ()


def test_the_practice_reads_of_a_data_set_that_never_came(context: Context) -> None:
    deliver(context, "community_contact", [{"nhs_number": ANN}], sender="RV3")
    [says] = [one for one in notices(context, run=night(context)) if "has never come" in one]
    assert says.startswith("Community services: of RV3, “Community services referrals” has never come.")


def test_training_makes_a_model_for_every_set_that_may_be_used_whole(context: Context) -> None:
    plan = load_plan(PROJECT, MODEL)
    assert list(trainable_sets(context, plan, SOURCES)) == names()
    fewer = [source for source in SOURCES if source != "social_care"]
    assert list(trainable_sets(context, plan, fewer)) == ["without_social_care", "gp_and_acute", "acute_only"]
    with pytest.raises(ModelUnfit, match="No declared set of sources"):
        trainable_sets(context, plan, ["gp"])


def test_a_set_reads_no_column_of_a_source_it_does_without(context: Context) -> None:
    concepts = load_features(PROJECT)
    own = {column.name: set(each.sources) for each in concepts for column in each.columns}
    registered = {column.name for each in concepts if each.is_of_registration for column in each.columns}
    assert {"age_years", "is_female", "imd_decile"} <= registered
    for one in load_plan(PROJECT, MODEL).source_sets:
        kept = columns_within(concepts, one.sources)
        assert registered <= set(kept)
        assert all(own[name] <= set(one.sources) for name in set(kept) - registered), one.name
    assert len(columns_within(concepts, SOURCES)) == len(own)


def test_a_family_of_an_older_release_has_no_set(context: Context) -> None:
    models.record_model(context.ledger, model=Model("older", MODEL, "lightgbm", NIGHT, "0", {}, AT))
    promote(context, model_id="older", who="a person", reason="a test", despite="a test")
    assert night(context).inputs["source_set"] is None


def test_the_order_of_the_sets_decides_between_two_that_fit() -> None:
    assert fitting_set(SETS, SOURCES, model_id="m", where="w") == "all"
    assert fitting_set(SETS[::-1], SOURCES, model_id="m", where="w") == "acute_only"
