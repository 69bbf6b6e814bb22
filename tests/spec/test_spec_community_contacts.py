"""Contacts with community services that were attended (5 in time, 6 late but seen) and those missed without
warning (3). A contact without an attendance status says neither."""

title = "Contacts with community services"

cohort = """
person_key | is_community_covered
edges      | yes
missed     | yes
statuses   | yes
nobody     | yes
uncovered  | no
"""

event = """
person_key | event_type        | event_date | status_code
edges      | community_contact | 2025-04-01 | 5
edges      | community_contact | 2025-03-31 | 5
edges      | community_contact | 2025-01-01 | 6
edges      | community_contact | 2024-12-31 | 5
edges      | community_contact | 2024-04-01 | 5
edges      | community_contact | 2024-03-31 | 5
missed     | community_contact | 2025-04-01 | 3
missed     | community_contact | 2025-03-31 | 3
missed     | community_contact | 2024-04-01 | 3
missed     | community_contact | 2024-03-31 | 3
statuses   | community_contact | 2025-02-01 | 2
statuses   | community_contact | 2025-02-02 | 4
statuses   | community_contact | 2025-02-03 | 7
statuses   | community_contact | 2025-02-04 |
statuses   | community_contact | 2020-02-05 | 5
uncovered  | community_contact | 2025-02-01 | 5
"""


def test_windows_and_statuses(expect):
    """The index date is not seen, the first day of each window is; days since counts attended contacts only."""
    expect(
        features="community_contacts",
        on="2025-04-01",
        rows="""
        person_key | community_contacts_3m | community_contacts_12m | community_contact_days_since
        edges      | 2                     | 4                      | 1
        missed     | 0                     | 0                      |
        statuses   | 0                     | 0                      | 1882
        nobody     | 0                     | 0                      |
        uncovered  |                       |                        |
        """,
    )


def test_missed_contacts(expect):
    """Only those missed without warning, in a window with the same edges."""
    expect(
        features="community_contacts",
        on="2025-04-01",
        rows="""
        person_key | community_did_not_attend_12m
        edges      | 0
        missed     | 2
        statuses   | 0
        nobody     | 0
        uncovered  |
        """,
    )
