"""What is said of community services and the council: what runs, what ended, and a silence only where records reach."""

from datetime import date, timedelta

import pytest

from pipeline.rules import reasons_care

DAY, REACH = date(2026, 11, 23), date(2026, 10, 31)


def since(day: date) -> int:
    return (DAY - day).days


def visits(last: date, **further: object) -> dict[str, object]:
    return {
        "community_contacts_12m": 6,
        "community_contact_days_since": since(last),
        "community_records_date": REACH,
        **further,
    }


def test_a_silence_is_one_by_the_records_and_not_by_the_calendar() -> None:
    """A quarter without a contact up to the last day told of; since then a file may only be late."""
    quiet, too_short = REACH - timedelta(days=91), REACH - timedelta(days=90)
    told = reasons_care.community_silence(visits(quiet), DAY)
    assert (
        told == "no community contact known since 1 August 2026 (records reach 31 October 2026), after six in 12 months"
    )
    assert reasons_care.community_silence(visits(too_short), DAY) is None
    assert reasons_care.community_silence(visits(quiet, community_records_date=None), DAY) is None


@pytest.mark.parametrize(
    "further",
    [
        {"community_contacts_12m": 2},
        {"community_contacts_12m": None},
        {"community_contact_days_since": None},
        {"community_unclear_date": date(2026, 8, 2)},
    ],
)
def test_too_little_is_known_to_speak_of_a_silence(further: dict[str, object]) -> None:
    """Few contacts, or one since of which nobody said whether it took place."""
    assert reasons_care.community_silence(visits(date(2026, 8, 1), **further), DAY) is None
    before = visits(date(2026, 8, 1), community_unclear_date=date(2026, 8, 1))
    assert reasons_care.community_silence(before, DAY)


def test_nurses_who_no_longer_come_are_told_where_others_do() -> None:
    nurses = {"community_nursing_contacts_12m": 4, "community_nursing_days_since": since(date(2026, 5, 29))}
    told = "no visit by a district nurse or community matron known since 29 May 2026 (records reach 31 October 2026)"
    assert reasons_care.nursing_silence(visits(REACH, **nurses), DAY) == told
    still_open = visits(REACH, **nurses, has_community_nursing=True)
    assert reasons_care.nursing_silence(still_open, DAY) == f"{told}, referral still open"
    # Where nobody comes at all, that is what is told.
    assert reasons_care.nursing_silence(visits(date(2026, 5, 29), **nurses), DAY) is None
    # The word of the feature alone says nothing: they came last week.
    lately = {**nurses, "community_nursing_days_since": since(REACH), "has_community_nursing_stopped": True}
    assert reasons_care.nursing_silence(visits(REACH, **lately), DAY) is None


def test_a_rise_is_not_told_beside_a_silence() -> None:
    rising = {"community_contacts_change_3m": 4}
    told = "four community contacts more from 23 June to 22 September 2026 than in the three months before"
    assert reasons_care.community_rise(visits(REACH, **rising), DAY) == told.replace("June", "June 2026")
    assert reasons_care.community_rise(visits(date(2026, 7, 20), **rising), DAY) is None


def test_home_care_that_was_reviewed_goes_on() -> None:
    values = {"has_home_care": True, "home_care_date": date(2025, 3, 20), "home_care_changed_date": date(2026, 6, 11)}
    assert reasons_care.council_care(values) == "home care from the council since 20 March 2025"
    assert reasons_care.care_change(values, DAY) == "home care package changed 11 June 2026"
    long_ago = {**values, "home_care_changed_date": date(2025, 11, 22)}
    assert reasons_care.care_change(long_ago, DAY) is None
    in_a_home = {**values, "is_care_home_resident": True, "care_home_date": date(2026, 7, 1)}
    assert reasons_care.council_care(in_a_home) == "lives in a care home that the council pays for, since 1 July 2026"
    assert reasons_care.care_change(in_a_home, DAY) is None


def test_reablement_that_ended_is_not_told_as_running() -> None:
    began = {"reablement_services_12m": 1, "reablement_days_since": 60, "has_reablement": False}
    assert reasons_care.reablement(began, DAY) is None
    assert reasons_care.reablement({**began, "reablement_end_date": date(2026, 8, 22)}, DAY) is None
    assert reasons_care.reablement({**began, "reablement_end_date": date(2026, 9, 21)}, DAY) == (
        "reablement ended 21 September 2026"
    )
    assert reasons_care.reablement({"has_reablement": True, "reablement_date": date(2026, 9, 8)}, DAY) == (
        "has reablement since 8 September 2026"
    )


@pytest.mark.parametrize(
    ("asked", "on_leaving", "says"),
    [
        (0, 0, None),
        (None, 1, None),
        (1, 0, "one request to adult social care in 12 months"),
        (2, None, "two requests to adult social care in 12 months"),
        (1, 1, "one request to adult social care in 12 months, on leaving hospital"),
        (2, 2, "two requests to adult social care in 12 months, both on leaving hospital"),
        (3, 3, "three requests to adult social care in 12 months, all on leaving hospital"),
        (4, 1, "four requests to adult social care in 12 months, one of them on leaving hospital"),
    ],
)
def test_one_request_is_told_once(asked: int | None, on_leaving: int | None, says: str | None) -> None:
    values = {"care_requests_12m": asked, "care_requests_from_hospital_12m": on_leaving}
    assert reasons_care.care_requests(values) == says
