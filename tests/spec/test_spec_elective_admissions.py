"""Planned admissions: from a waiting list (11), booked (12) or planned (13), day cases among them."""

title = "Elective admissions"

cohort = """
person_key | is_acute_covered
edges      | yes
methods    | yes
classes    | yes
nobody     | yes
uncovered  | no
"""

event = """
person_key | event_type | event_date | end_date   | method_code | class_code
edges      | admission  | 2025-04-01 |            | 11          | 2
edges      | admission  | 2025-03-31 | 2025-03-31 | 11          | 2
edges      | admission  | 2024-04-01 | 2024-04-01 | 12          | 2
edges      | admission  | 2024-03-31 | 2024-03-31 | 13          | 2
edges      | admission  | 2023-04-01 | 2023-04-01 | 13          | 2
edges      | admission  | 2023-03-31 | 2023-03-31 | 13          | 2
methods    | admission  | 2025-02-01 | 2025-02-01 | 21          | 1
methods    | admission  | 2025-02-02 | 2025-02-02 | 31          | 1
methods    | admission  | 2025-02-03 | 2025-02-03 | 81          | 1
methods    | episode    | 2025-02-04 | 2025-02-04 | 11          | 1
classes    | admission  | 2025-01-10 | 2025-01-12 | 11          | 1
classes    | admission  | 2025-01-20 | 2025-01-20 | 11          | 1
classes    | admission  | 2025-01-25 | 2025-01-25 | 11          |
uncovered  | admission  | 2025-02-01 | 2025-02-01 | 11          | 2
"""


def test_elective(expect):
    """Emergency, maternity and other methods do not count, nor do later episodes of a stay.

    A day case is what the hospital meant as one: a stay that happened to end on its first day is none.
    """
    expect(
        features="elective_admissions",
        on="2025-04-01",
        rows="""
        person_key | elective_admissions_12m | elective_admissions_24m | elective_day_cases_12m
        edges      | 2                       | 4                       | 2
        methods    | 0                       | 0                       | 0
        classes    | 3                       | 3                       | 0
        nobody     | 0                       | 0                       | 0
        uncovered  |                         |                         |
        """,
    )


def test_days_since(expect):
    """There is no window: the latest planned admission before the index date."""
    expect(
        features="elective_admissions",
        on="2025-04-01",
        rows="""
        person_key | elective_admission_days_since
        edges      | 1
        methods    |
        classes    | 66
        nobody     |
        uncovered  |
        """,
    )
