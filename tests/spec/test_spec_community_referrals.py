"""Referrals count as open from the day after they were received until the day they are closed; nursing is the district
nurses' team (12) or the community matron's (19). A referral that closed lately is counted for three months."""

title = "Referrals to community services"

cohort = """
person_key | is_community_covered
edges      | yes
nursing    | yes
matron     | yes
closed     | yes
long       | yes
nobody     | yes
uncovered  | no
"""

event = """
person_key | event_type         | event_date | end_date   | class_code | method_code
edges      | community_referral | 2025-04-01 |            | 12         | 2
edges      | community_referral | 2025-03-31 |            | 27         | 2
edges      | community_referral | 2025-01-01 | 2025-04-01 | 15         | 1
edges      | community_referral | 2024-12-31 | 2025-03-31 | 12         | 1
nursing    | community_referral | 2023-06-01 |            | 12         | 2
nursing    | community_referral | 2025-02-01 |            |            |
matron     | community_referral | 2025-02-01 |            | 19         | 3
closed     | community_referral | 2024-11-01 | 2025-03-31 | 12         | 1
closed     | community_referral | 2024-11-01 | 2025-01-01 | 27         | 1
closed     | community_referral | 2024-11-01 | 2024-12-31 | 27         | 1
long       | community_referral | 2020-11-01 | 2021-12-31 | 12         | 1
long       | community_referral | 2024-04-01 | 2024-04-02 | 12         | 2
long       | community_referral | 2024-03-31 | 2024-04-02 | 12         | 2
uncovered  | community_referral | 2025-03-01 |            | 12         | 2
"""


def test_open_referrals(expect):
    """One that closes on the index date is still open on it; one that closed the day before is not. What is received
    on the index date is not seen.
    """
    expect(
        features="community_referrals",
        on="2025-04-01",
        rows="""
        person_key | community_referrals_open | has_community_nursing
        edges      | 2                        | no
        nursing    | 2                        | yes
        matron     | 1                        | yes
        closed     | 0                        | no
        long       | 0                        | no
        nobody     | 0                        | no
        uncovered  |                          |
        """,
    )


def test_referrals_closed_lately(expect):
    """Closed on the first day of the window counts, the day before it does not."""
    expect(
        features="community_referrals",
        on="2025-04-01",
        rows="""
        person_key | community_referrals_closed_3m
        edges      | 1
        nursing    | 0
        matron     | 0
        closed     | 2
        long       | 0
        nobody     | 0
        uncovered  |
        """,
    )


def test_referrals_opened_lately(expect):
    """Open or not. Urgent is priority 2 or 3 (two week wait); days since have no window."""
    expect(
        features="community_referrals",
        on="2025-04-01",
        rows="""
        person_key | community_referrals_opened_3m | community_referrals_opened_12m
        edges      | 2                             | 3
        nursing    | 1                             | 1
        matron     | 1                             | 1
        closed     | 0                             | 3
        long       | 0                             | 1
        nobody     | 0                             | 0
        uncovered  |                               |
        """,
    )
    expect(
        features="community_referrals",
        on="2025-04-01",
        rows="""
        person_key | community_referrals_urgent_12m | community_referral_days_since
        edges      | 1                              | 1
        nursing    | 0                              | 59
        matron     | 1                              | 59
        closed     | 0                              | 151
        long       | 1                              | 365
        nobody     | 0                              |
        uncovered  |                                |
        """,
    )
