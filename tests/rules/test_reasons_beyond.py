"""What the GP record alone may not show: changes of care, nursing that stopped, other trusts, crises."""

from datetime import date

import pytest
from told_outside import not_in_gp_record

from pipeline.rules.reasons_concepts import only_shown

DAY, REACH = date(2026, 11, 23), date(2026, 9, 30)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"emergency_providers_distinct_12m": 3}, "Attended the A&E of three trusts in 12 months"),
        (
            {"has_care_stopped_12m": True, "home_care_end_date": date(2026, 8, 3), "care_records_date": REACH},
            "Home care from the council ended 3 August 2026 (records reach 30 September 2026)",
        ),
        (
            {"mental_health_crisis_contacts_12m": 1, "mental_health_crisis_days_since": 3},
            "One contact with a mental health crisis team in 12 months, last on 20 November 2026",
        ),
        (
            {"has_reablement": True, "reablement_date": date(2026, 9, 8), "care_records_date": REACH},
            "Has reablement since 8 September 2026 (council records reach 30 September 2026)",
        ),
        (
            {"has_reablement": False, "reablement_services_12m": 1, "reablement_end_date": date(2026, 8, 23)},
            "Reablement ended 23 August 2026",
        ),
        ({"has_unpaid_carer_support": True}, "Supported by the council as an unpaid carer"),
        ({"outpatient_did_not_attend_12m": 3}, "Did not attend three outpatient appointments in 12 months"),
    ],
)
def test_what_others_know_is_told_and_only_where_it_may_be_shown(values: dict[str, object], says: str) -> None:
    assert says in not_in_gp_record(values, index_date=DAY)
    assert not_in_gp_record(only_shown(values, sources=["gp"]), index_date=DAY) == ()


@pytest.mark.parametrize("trusts", [None, 0, 1, 2])
def test_one_trust_or_two_is_no_news(trusts: int | None) -> None:
    assert not_in_gp_record({"emergency_providers_distinct_12m": trusts}, index_date=DAY) == ()
