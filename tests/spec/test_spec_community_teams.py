"""Attended contacts with community services by team: nursing is the district nurses (12) and the community matron (19),
therapy 27, palliative care 35. A contact without an attendance status is neither attended nor missed."""

title = "Contacts with community services by team"

cohort = """
person_key | is_community_covered
edges      | yes
teams      | yes
missed     | yes
nobody     | yes
uncovered  | no
"""

event = """
person_key | event_type        | event_date | status_code | class_code
edges      | community_contact | 2025-04-01 | 5           | 12
edges      | community_contact | 2025-03-31 | 5           | 12
edges      | community_contact | 2025-01-01 | 6           | 19
edges      | community_contact | 2024-12-31 | 5           | 12
edges      | community_contact | 2024-04-01 | 5           | 12
edges      | community_contact | 2024-03-31 | 5           | 12
teams      | community_contact | 2024-06-01 | 5           | 27
teams      | community_contact | 2024-06-02 | 5           | 27
teams      | community_contact | 2024-06-03 | 5           | 35
teams      | community_contact | 2024-06-04 | 5           | 99
missed     | community_contact | 2025-02-01 | 3           | 12
missed     | community_contact | 2025-02-02 |             | 27
uncovered  | community_contact | 2025-02-01 | 5           | 12
"""


def test_nursing(expect):
    """The index date is not seen, the first day of each window is."""
    expect(
        features="community_teams",
        on="2025-04-01",
        rows="""
        person_key | community_nursing_contacts_3m | community_nursing_contacts_12m
        edges      | 2                             | 4
        teams      | 0                             | 0
        missed     | 0                             | 0
        nobody     | 0                             | 0
        uncovered  |                               |
        """,
    )


def test_other_teams(expect):
    """A team that is not listed is a team all the same."""
    expect(
        features="community_teams",
        on="2025-04-01",
        rows="""
        person_key | community_therapy_contacts_12m | community_palliative_contacts_12m | community_teams_distinct_12m
        edges      | 0                              | 0                                 | 2
        teams      | 2                              | 1                                 | 3
        missed     | 0                              | 0                                 | 0
        nobody     | 0                              | 0                                 | 0
        uncovered  |                                |                                   |
        """,
    )
