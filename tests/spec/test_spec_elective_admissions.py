"""Planned admissions (waiting list, booked, planned) that began in the twelve months before the index date, day
cases included."""

title = "Elective admissions"

cohort = """
person_key | is_acute_covered
edges      | yes
methods    | yes
nobody     | yes
uncovered  | no
"""

event = """
person_key | event_type | event_date | method_code
edges      | admission  | 2025-04-01 | 11
edges      | admission  | 2025-03-31 | 11
edges      | admission  | 2024-04-01 | 12
edges      | admission  | 2024-03-31 | 12
methods    | admission  | 2025-01-10 | 11
methods    | admission  | 2025-01-11 | 12
methods    | admission  | 2025-01-12 | 13
methods    | admission  | 2025-01-13 | 21
methods    | admission  | 2025-01-14 | 82
uncovered  | admission  | 2025-01-10 | 11
"""


def test_window_and_methods(expect):
    """The index date is not seen, the first day of the window is."""
    expect(
        features="elective_admissions",
        on="2025-04-01",
        rows="""
        person_key | elective_admissions_12m
        edges      | 2
        methods    | 3
        nobody     | 0
        uncovered  |
        """,
    )
