"""Coverage as an operator sees it: per practice and source how many, since when, from whom; who has sent nothing."""

from dataclasses import replace
from datetime import date

import pytest
from run_home import write_policy
from small_home import ANN, BEN, CAT, PRACTICE, deliver, entry, patient, small_context

from pipeline.contracts.policy import SOURCES, load_policy
from pipeline.contracts.reference import load_reference
from pipeline.contracts.settings import PROJECT, Settings
from pipeline.ledger.deliveries import list_deliveries
from pipeline.rules.times import index_date, intake_cut_off
from pipeline.steps.at_hand import reference_data
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.relations import View
from pipeline.steps.features import coverage as coverage_step
from pipeline.steps.features.coverage import Covered, coverage, told
from pipeline.steps.features.events import events
from pipeline.steps.features.features import look
from pipeline.steps.link.link import link

NIGHT = date(2026, 11, 15)


@pytest.fixture
def context(home: Settings) -> Context:
    """Ann lives in Camden and Ben in no council of the scheme; a hospital and Camden's council have sent something."""
    context = small_context(home)
    write_policy(home, lambda policy: None)
    deliver(context, "gp_patient", [patient(ANN, "1", lsoa_code="E01000907"), patient(BEN, "2", lsoa_code="E01000001")])
    deliver(context, "gp_event", [entry(ANN, "O-1")])
    deliver(context, "acute_apc", [{"nhs_number": CAT}], sender="RKE")
    deliver(context, "social_care_event", [{"nhs_number": CAT}], sender="E09000007")
    link(context)
    events(context)
    return context


def of(context: Context, source: str, *, as_of: date = NIGHT) -> Covered:
    [found] = [one for one in coverage(context, as_of=as_of) if (one.practice_code, one.source) == (PRACTICE, source)]
    return found


def test_every_participating_practice_and_source_has_its_row(context: Context) -> None:
    found = coverage(context, as_of=NIGHT)
    assert [one.source for one in found if one.practice_code == PRACTICE] == list(SOURCES)
    assert {one.registered for one in found if one.practice_code == PRACTICE} == {2}


def test_how_many_since_when_and_from_whom(context: Context) -> None:
    acute, council = of(context, "acute"), of(context, "social_care")
    assert (acute.people, acute.first_since, acute.last_since) == (2, date(2022, 7, 1), date(2022, 7, 1))
    assert acute.senders == ("RAL", "RAP", "RKE", "RRV")
    assert acute.missing == dict.fromkeys(("RAL", "RAP", "RRV"), "nothing yet")
    assert (council.people, council.first_since, council.senders) == (1, date(2026, 4, 1), ("E09000007",))


def test_a_sender_that_has_sent_nothing_is_named_and_covers_nobody(context: Context) -> None:
    found = of(context, "mental_health")
    assert (found.people, found.first_since, found.senders) == (0, None, ("TAF",))
    assert found.missing == {"TAF": "nothing yet"}


def test_a_sender_covers_nobody_until_every_data_set_of_its_has_come(context: Context) -> None:
    """The list and the coded entries came, the medicines were refused: no medicine found would not mean none issued."""
    found = of(context, "gp")
    assert (found.people, found.first_since, found.missing) == (0, None, {"GPS01": "no gp_medication yet"})
    deliver(context, "gp_medication", [{"nhs_number": ANN}])
    found = of(context, "gp")
    assert (found.people, found.first_since, found.missing) == (2, date(2022, 7, 1), {})


def test_a_daily_feed_alone_makes_no_hospital_covered(context: Context) -> None:
    deliver(context, "acute_daily", [{"nhs_number": CAT}], sender="RAP")
    found = of(context, "acute")
    assert found.missing["RAP"] == "nothing yet" and "RKE" not in found.missing


def test_a_sender_that_is_to_send_one_data_set_covers_with_it(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A provider without beds has contacts and no stays, and reference/supply.csv may say so."""
    shipped = load_reference(PROJECT)
    for module in (reference_data, coverage_step):
        monkeypatch.setattr(module, "load_reference", lambda project: replace(shipped, supplies=supplies))
    supplies = shipped.supplies
    deliver(context, "mental_health_contact", [{"nhs_number": CAT}], sender="TAF")
    assert of(context, "mental_health").missing == {"TAF": "no mental_health_spell yet"}
    only = ("mental_health_contact",)
    supplies = tuple(replace(row, data_sets=only) if row.sender == "TAF" else row for row in supplies)
    found = of(context, "mental_health")
    assert (found.people, found.missing) == (2, {})


def test_what_was_never_told_of_somebody_is_unknown_and_never_none(context: Context) -> None:
    """Nothing of the general practice but its list: no condition is known, and none is ruled out."""
    policy = load_policy(context.settings.policy_file)
    delivery_ids = [one.delivery_id for one in list_deliveries(context.ledger)]
    day = index_date(NIGHT)
    view = View(policy, delivery_ids, day, intake_cut_off(NIGHT), day)
    cohort, wide = look(context, view=view)
    assert cohort["is_gp_covered"].to_pylist() == [False, False]
    for name in ("long_term_condition_count", "has_dementia", "medicines_distinct_6m", "has_palliative_care"):
        assert wide[name].to_pylist() == [None, None], name


def test_the_page_is_a_table_without_a_person(context: Context) -> None:
    page = told(coverage(context, as_of=NIGHT), as_of=NIGHT)
    lines = page.splitlines()
    assert lines[0].startswith("Who is covered on 2026-11-16")
    assert any(line.split()[:5] == [PRACTICE, "2", "social_care", "1", "50.0"] for line in lines)
    assert "TAF (nothing yet)" in page
    assert ANN not in page and BEN not in page
