"""Attended contacts with mental health teams, those with a crisis team among them (A02 crisis resolution or home
treatment, A19 to A25), and nights in a mental health hospital. Liaison psychiatry in a general hospital (A11) is a
contact and no crisis."""

title = "Mental health services"

cohort = """
person_key | is_mental_health_covered
edges      | yes
crisis     | yes
statuses   | yes
nights     | yes
long       | yes
left_open  | yes
nobody     | yes
uncovered  | no
"""

event = """
person_key | event_type              | event_date | end_date   | status_code | class_code
edges      | mental_health_contact   | 2025-04-01 |            | 5           | A06
edges      | mental_health_contact   | 2025-03-31 |            | 5           | A06
edges      | mental_health_contact   | 2024-04-01 |            | 6           | F05
edges      | mental_health_contact   | 2024-03-31 |            | 5           | A06
crisis     | mental_health_contact   | 2025-04-01 |            | 5           | A02
crisis     | mental_health_contact   | 2025-03-31 |            | 5           | A02
crisis     | mental_health_contact   | 2024-04-01 |            | 5           | A25
crisis     | mental_health_contact   | 2024-03-31 |            | 5           | A02
crisis     | mental_health_contact   | 2025-01-15 |            | 5           | A11
statuses   | mental_health_contact   | 2025-02-01 |            | 3           | A02
statuses   | mental_health_contact   | 2025-02-02 |            |             | A02
statuses   | mental_health_contact   | 2020-02-05 |            | 5           | A05
nights     | mental_health_admission | 2025-04-01 |            |             |
nights     | mental_health_admission | 2025-03-31 |            |             |
nights     | mental_health_admission | 2025-01-10 | 2025-01-10 |             |
nights     | mental_health_admission | 2025-02-10 | 2025-02-14 |             |
long       | mental_health_admission | 2024-03-01 | 2024-04-03 |             |
long       | mental_health_admission | 2023-05-01 | 2024-03-31 |             |
long       | mental_health_admission | 2025-03-22 | 2025-04-09 |             |
left_open  | mental_health_admission | 2021-03-01 |            |             |
left_open  | mental_health_admission | 2025-02-10 | 2025-02-12 |             |
left_open  | admission               | 2025-03-10 | 2025-03-12 |             |
uncovered  | mental_health_contact   | 2025-03-01 |            | 5           | A02
uncovered  | mental_health_admission | 2025-03-01 |            |             |
"""


def test_contacts(expect):
    """The index date is not seen, the first day of the window is; a team that is not listed is a contact too."""
    expect(
        features="mental_health",
        on="2025-04-01",
        rows="""
        person_key | mental_health_contacts_12m | mental_health_crisis_contacts_12m | mental_health_contact_days_since
        edges      | 2                          | 0                                 | 1
        crisis     | 3                          | 2                                 | 1
        statuses   | 0                          | 0                                 | 1882
        nights     | 0                          | 0                                 |
        long       | 0                          | 0                                 |
        left_open  | 0                          | 0                                 |
        nobody     | 0                          | 0                                 |
        uncovered  |                            |                                   |
        """,
    )


def test_nights_in_a_mental_health_hospital(expect):
    """Nights inside the twelve months alone; a stay that has not ended counts up to the index date.

    One without an end that a later one follows was left open by mistake: who came again had left.
    """
    expect(
        features="mental_health",
        on="2025-04-01",
        rows="""
        person_key | mental_health_inpatient_days_12m
        edges      | 0
        crisis     | 0
        statuses   | 0
        nights     | 5
        long       | 12
        left_open  | 2
        nobody     | 0
        uncovered  |
        """,
    )
