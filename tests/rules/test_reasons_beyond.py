"""What the GP record alone may not show: changes of care, nursing that stopped, other trusts, crises."""

from datetime import date

import pytest

from pipeline.rules.reasons_concepts import only_shown
from pipeline.rules.reasons_context import not_in_gp_record

DAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"emergency_providers_distinct_12m": 2}, "Attended emergency departments of two trusts in 12 months"),
        (
            {"has_community_nursing_stopped": True, "community_nursing_days_since": 42},
            "Community nursing has stopped, last on 12 October 2026",
        ),
        (
            {"care_services_started_6m": 1, "has_care_stopped_12m": True},
            "Support from the council stopped in the last 12 months; one council service begun in the last 6 months",
        ),
        ({"mental_health_crisis_days_since": 3}, "Last contact with a mental health crisis team on 20 November 2026"),
        ({"has_reablement": True, "reablement_days_since": 20}, "Reablement began 3 November 2026"),
        ({"has_unpaid_carer_support": True}, "Supported by the council as an unpaid carer"),
        ({"outpatient_did_not_attend_12m": 2}, "Did not attend two outpatient appointments in 12 months"),
    ],
)
def test_what_others_know_is_told_and_only_where_it_may_be_shown(values: dict[str, object], says: str) -> None:
    assert says in not_in_gp_record(values, index_date=DAY)
    assert not_in_gp_record(only_shown(values, sources=["gp"]), index_date=DAY) == ()


@pytest.mark.parametrize("trusts", [None, 0, 1])
def test_one_trust_is_no_news(trusts: int | None) -> None:
    assert not_in_gp_record({"emergency_providers_distinct_12m": trusts}, index_date=DAY) == ()
