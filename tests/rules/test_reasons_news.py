"""What is new since the last edition: a later day, a count that rose, a state that changed; no window that slid."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.rules.reasons_concepts import CONCEPT_OF
from pipeline.rules.reasons_news import Knowledge, news, rose_most

NOW, BEFORE = date(2026, 11, 23), date(2026, 11, 16)


def told(now: dict[str, object], before: dict[str, object]) -> tuple[str, ...]:
    return news(Knowledge(now, NOW), Knowledge(before, BEFORE))


@pytest.mark.parametrize(
    ("now", "before", "says"),
    [
        (
            {"emergency_admission_days_since": 5, "emergency_stay_diagnosis": "pneumonia"}
            | {"emergency_stay_date": date(2026, 11, 18)},
            {"emergency_admissions_24m": 0},
            "Emergency admission 18 November 2026 (pneumonia)",
        ),
        (
            {"community_referral_days_since": 26, "has_community_nursing": True},
            {"community_referrals_opened_12m": 1, "community_referral_days_since": 90, "has_community_nursing": False},
            "Referred to community services 28 October 2026, told to us since; "
            "a referral to community nursing is open now and was not before",
        ),
        ({"gp_fall_days_since": 7}, {"gp_falls_24m": 2, "gp_fall_days_since": 40}, "Fall recorded 16 November 2026"),
        ({"care_requests_12m": 2}, {"care_requests_12m": 1}, "New request to adult social care"),
        ({"has_home_care": False}, {"has_home_care": True}, "Has no home care from the council any more"),
        (
            {"reablement_days_since": 76, "has_reablement": True},
            {"reablement_services_12m": 0},
            "Reablement began 8 September 2026, told to us since",
        ),
        (
            {"reablement_days_since": 76, "has_reablement": False, "reablement_end_date": date(2026, 9, 21)},
            {"reablement_services_12m": 0},
            "Had reablement from 8 September 2026 to 21 September 2026",
        ),
        (
            {"frailty_grade": 3, "frailty_grade_days_since": 3},
            {"frailty_grade": 2, "frailty_grade_days_since": 200},
            "Severe frailty graded 20 November 2026",
        ),
        (
            {"newest_condition": "copd", "newest_condition_date": date(2026, 11, 19)},
            {"conditions_new_12m": 0},
            "COPD first coded 19 November 2026",
        ),
    ],
)
def test_news(now: dict[str, object], before: dict[str, object], says: str) -> None:
    assert told(now, before) == (says,)
    # Nothing of a source that did not reach the person before, or may not be shown.
    assert told(now, {}) == told({}, before) == ()


@pytest.mark.parametrize(
    ("now", "before"),
    [
        # The same day a week on, and an older one that came in late after a newer.
        ({"gp_fall_days_since": 47}, {"gp_falls_24m": 1, "gp_fall_days_since": 40}),
        ({"gp_fall_days_since": 90}, {"gp_falls_24m": 1, "gp_fall_days_since": 40}),
        ({"care_requests_12m": 1}, {"care_requests_12m": 2}),
        ({"frailty_grade": 2, "frailty_grade_days_since": 3}, {"frailty_grade": 2, "frailty_grade_days_since": 200}),
        ({"discharge_days_since": 2, "is_in_hospital": True}, {"emergency_discharges_1m": 0}),
    ],
)
def test_no_news(now: dict[str, object], before: dict[str, object]) -> None:
    assert told(now, before) == ()


def test_an_attendance_that_ended_in_an_admission_is_told_once() -> None:
    before = {"emergency_attendances_24m": 3, "emergency_admissions_24m": 1}
    now = {"emergency_attendance_days_since": 4, "emergency_admission_days_since": 3}
    assert told(now, before) == ("Emergency admission 20 November 2026",)
    assert told(now | {"emergency_admission_days_since": 90}, before)[1] == "A&E attendance 19 November 2026"


VALUES = st.fixed_dictionaries(
    {
        column: st.none() | (st.integers(0, 3) if column == "frailty_grade" else st.integers(0, 700))
        for column in CONCEPT_OF
    }
)


@given(VALUES)
def test_a_week_in_which_nothing_happened_makes_no_news(values: dict[str, object]) -> None:
    later = {
        column: value + (NOW - BEFORE).days if isinstance(value, int) and column.endswith("days_since") else value
        for column, value in values.items()
    }
    assert told(later, values) == ()
    assert news(Knowledge(later, NOW), None) == ()


def test_of_no_news_the_topic_that_gained_most_and_can_speak() -> None:
    now = Knowledge({"falls_12m": 2, "gp_contacts_12m": 9}, NOW)
    before = {"falls_and_frailty": 0.2, "gp_contacts": 0.5, "demographics": 0.1}
    after = {"falls_and_frailty": 0.6, "gp_contacts": 0.4, "demographics": 0.9}
    said = rose_most(now, after, before)
    assert said is not None and said.startswith("Two falls")
    assert rose_most(now, before, after | {"gp_contacts": 0.5}) is None
