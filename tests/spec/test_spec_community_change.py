"""Contacts of three months against those of the three months before. Both end before the last two months, of which the
services have not told everything yet: else everybody would seem to have fewer contacts than before."""

title = "Change of contacts with community services"

cohort = """
person_key | is_community_covered
edges      | yes
growing    | yes
stopped    | yes
lately     | yes
resumed    | yes
therapy    | yes
nobody     | yes
uncovered  | no
"""

event = """
person_key | event_type        | event_date | status_code | class_code
edges      | community_contact | 2025-04-01 | 5           | 12
edges      | community_contact | 2025-03-31 | 5           | 12
edges      | community_contact | 2025-02-01 | 5           | 12
edges      | community_contact | 2025-01-31 | 5           | 12
edges      | community_contact | 2024-11-01 | 5           | 12
edges      | community_contact | 2024-10-31 | 5           | 12
edges      | community_contact | 2024-08-01 | 5           | 12
edges      | community_contact | 2024-07-31 | 5           | 12
growing    | community_contact | 2024-09-01 | 5           | 27
growing    | community_contact | 2024-12-01 | 5           | 12
growing    | community_contact | 2024-12-08 | 6           | 12
growing    | community_contact | 2024-12-15 | 3           | 12
stopped    | community_contact | 2024-09-01 | 5           | 12
stopped    | community_contact | 2024-10-01 | 5           | 19
stopped    | community_contact | 2024-12-01 | 5           | 27
lately     | community_contact | 2025-03-01 | 5           | 12
resumed    | community_contact | 2024-09-01 | 5           | 12
resumed    | community_contact | 2025-03-30 | 5           | 12
therapy    | community_contact | 2024-09-01 | 5           | 27
uncovered  | community_contact | 2024-09-01 | 5           | 12
"""


def test_change(expect):
    """Two in the later months (1 November to 31 January) and two in the earlier ones (from 1 August): no change."""
    expect(
        features="community_change",
        on="2025-04-01",
        rows="""
        person_key | community_contacts_change_3m | community_nursing_change_3m
        edges      | 0                            | 0
        growing    | 1                            | 2
        stopped    | -1                           | -2
        lately     | 0                            | 0
        resumed    | -1                           | -1
        therapy    | -1                           | 0
        nobody     | 0                            | 0
        uncovered  |                              |
        """,
    )


def test_nursing_that_stopped(expect):
    """Nursing before and none since, the last two months included: what is told of them did happen.

    Therapy that stopped is not nursing. Days since have no window.
    """
    expect(
        features="community_change",
        on="2025-04-01",
        rows="""
        person_key | has_community_nursing_stopped | community_nursing_days_since
        edges      | no                            | 1
        growing    | no                            | 114
        stopped    | yes                           | 182
        lately     | no                            | 31
        resumed    | no                            | 2
        therapy    | no                            |
        nobody     | no                            |
        uncovered  |                               |
        """,
    )
