"""Attendances at any emergency department by arrival date. Planned follow-up (category 4) is dropped; an
attendance whose category was not recorded is kept."""

title = "Emergency attendances"

cohort = """
person_key | is_emergency_covered
edges      | yes
months     | yes
categories | yes
old        | yes
planned    | yes
nobody     | yes
uncovered  | no
"""

event = """
person_key | event_type | event_date | method_code
edges      | attendance | 2025-04-01 | 1
edges      | attendance | 2025-03-31 | 1
edges      | attendance | 2025-01-01 | 1
edges      | attendance | 2024-12-31 | 1
edges      | attendance | 2024-04-01 | 1
edges      | attendance | 2024-03-31 | 1
months     | attendance | 2025-03-01 | 1
months     | attendance | 2025-02-28 | 1
months     | attendance | 2024-10-01 | 1
months     | attendance | 2024-09-30 | 1
months     | attendance | 2023-04-01 | 1
months     | attendance | 2023-03-31 | 1
categories | attendance | 2025-02-01 | 1
categories | attendance | 2025-02-02 | 2
categories | attendance | 2025-02-03 | 3
categories | attendance | 2025-02-04 | 4
categories | attendance | 2025-02-05 |
categories | admission  | 2025-02-06 | 21
old        | attendance | 2020-04-01 | 1
planned    | attendance | 2025-02-01 | 4
uncovered  | attendance | 2025-02-01 | 1
"""


def test_windows_and_categories(expect):
    """The index date is not seen, the first day of each window is; days since looks back without a window."""
    expect(
        features="emergency_attendances",
        on="2025-04-01",
        rows="""
        person_key | emergency_attendances_3m | emergency_attendances_12m | emergency_attendance_days_since
        edges      | 2                        | 4                         | 1
        months     | 2                        | 4                         | 31
        categories | 4                        | 4                         | 55
        old        | 0                        | 0                         | 1826
        planned    | 0                        | 0                         |
        nobody     | 0                        | 0                         |
        uncovered  |                          |                           |
        """,
    )


def test_further_windows(expect):
    """One month, six and twenty-four, with the same edges."""
    expect(
        features="emergency_attendances",
        on="2025-04-01",
        rows="""
        person_key | emergency_attendances_1m | emergency_attendances_6m | emergency_attendances_24m
        edges      | 1                        | 3                        | 5
        months     | 1                        | 3                        | 5
        categories | 0                        | 4                        | 4
        old        | 0                        | 0                        | 0
        planned    | 0                        | 0                        | 0
        nobody     | 0                        | 0                        | 0
        uncovered  |                          |                          |
        """,
    )
