"""Contacts with crisis, liaison and community teams of mental health services. A contact without an attendance status
is neither attended nor missed."""

title = "Mental health crisis, liaison and community teams"

cohort = """
person_key | is_mental_health_covered
edges      | yes
teams      | yes
missed     | yes
long_ago   | yes
nobody     | yes
uncovered  | no
"""

event = """
person_key | event_type            | event_date | status_code | class_code
edges      | mental_health_contact | 2025-04-01 | 5           | A02
edges      | mental_health_contact | 2025-03-31 | 5           | A02
edges      | mental_health_contact | 2025-01-01 | 6           | A19
edges      | mental_health_contact | 2024-12-31 | 5           | A02
edges      | mental_health_contact | 2024-04-01 | 5           | A11
edges      | mental_health_contact | 2024-03-31 | 5           | A11
teams      | mental_health_contact | 2024-06-01 | 5           | A06
teams      | mental_health_contact | 2024-06-02 | 5           | A17
teams      | mental_health_contact | 2024-06-03 | 5           | A11
teams      | mental_health_contact | 2024-06-04 | 5           | A12
teams      | mental_health_contact | 2024-06-05 | 5           | F05
missed     | mental_health_contact | 2025-02-01 | 3           | A02
missed     | mental_health_contact | 2025-02-02 | 3           | A06
missed     | mental_health_contact | 2025-02-03 |             | A02
missed     | mental_health_contact | 2025-02-04 | 2           | A06
long_ago   | mental_health_contact | 2020-04-01 | 5           | A20
uncovered  | mental_health_contact | 2025-02-01 | 5           | A02
"""


def test_teams(expect):
    """Psychotherapy (A12) and a team that is not listed are none of the three."""
    expect(
        features="mental_health_crisis",
        on="2025-04-01",
        rows="""
        person_key | mental_health_liaison_contacts_12m | mental_health_community_contacts_12m
        edges      | 1                                  | 0
        teams      | 1                                  | 2
        missed     | 0                                  | 0
        long_ago   | 0                                  | 0
        nobody     | 0                                  | 0
        uncovered  |                                    |
        """,
    )


def test_crisis(expect):
    """The index date is not seen, the first day of the window is; days since have no window."""
    expect(
        features="mental_health_crisis",
        on="2025-04-01",
        rows="""
        person_key | mental_health_crisis_contacts_3m | mental_health_crisis_days_since
        edges      | 2                                | 1
        teams      | 0                                |
        missed     | 0                                |
        long_ago   | 0                                | 1826
        nobody     | 0                                |
        uncovered  |                                  |
        """,
    )


def test_missed(expect):
    """Without warning, with any team; what was cancelled was not missed."""
    expect(
        features="mental_health_crisis",
        on="2025-04-01",
        rows="""
        person_key | mental_health_did_not_attend_12m
        edges      | 0
        teams      | 0
        missed     | 2
        long_ago   | 0
        nobody     | 0
        uncovered  |
        """,
    )
