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
person_key | event_type         | event_date | end_date   | class_code
edges      | community_referral | 2025-04-01 |            | 12
edges      | community_referral | 2025-03-31 |            | 27
edges      | community_referral | 2025-01-01 | 2025-04-01 | 15
edges      | community_referral | 2024-12-31 | 2025-03-31 | 12
nursing    | community_referral | 2023-06-01 |            | 12
nursing    | community_referral | 2025-02-01 |            |
matron     | community_referral | 2025-02-01 |            | 19
closed     | community_referral | 2024-11-01 | 2025-03-31 | 12
closed     | community_referral | 2024-11-01 | 2025-01-01 | 27
closed     | community_referral | 2024-11-01 | 2024-12-31 | 27
long       | community_referral | 2020-11-01 | 2021-12-31 | 12
uncovered  | community_referral | 2025-03-01 |            | 12
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
