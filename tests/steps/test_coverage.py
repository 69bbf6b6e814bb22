"""Coverage as an operator sees it: per practice and source how many, since when, from whom; who has sent nothing."""

from datetime import date

import pytest
from run_home import write_policy
from small_home import ANN, BEN, CAT, PRACTICE, deliver, patient, small_context

from pipeline.contracts.policy import SOURCES
from pipeline.contracts.settings import Settings
from pipeline.steps.at_hand.context import Context
from pipeline.steps.features.coverage import Covered, coverage, told
from pipeline.steps.features.events import events
from pipeline.steps.link.link import link

NIGHT = date(2026, 11, 15)


@pytest.fixture
def context(home: Settings) -> Context:
    """Ann lives in Camden and Ben in no council of the scheme; a hospital and Camden's council have sent something."""
    context = small_context(home)
    write_policy(home, lambda policy: None)
    deliver(context, "gp_patient", [patient(ANN, "1", lsoa_code="E01000907"), patient(BEN, "2", lsoa_code="E01000001")])
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
    assert acute.silent == ("RAL", "RAP", "RRV")
    assert (council.people, council.first_since, council.senders) == (1, date(2026, 4, 1), ("E09000007",))


def test_a_sender_that_has_sent_nothing_is_named_and_covers_nobody(context: Context) -> None:
    found = of(context, "mental_health")
    assert (found.people, found.first_since, found.senders, found.silent) == (0, None, ("TAF",), ("TAF",))


def test_the_page_is_a_table_without_a_person(context: Context) -> None:
    page = told(coverage(context, as_of=NIGHT), as_of=NIGHT)
    lines = page.splitlines()
    assert lines[0].startswith("Who is covered on 2026-11-16")
    assert any(line.split()[:5] == [PRACTICE, "2", "social_care", "1", "50.0"] for line in lines)
    assert "TAF (nothing yet)" in page
    assert ANN not in page and BEN not in page
