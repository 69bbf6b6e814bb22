"""Unplanned attendances by department, by trust, and how soon they follow one another."""

title = "Emergency attendances by department and pattern"

cohort = """
person_key | is_emergency_covered
edges      | yes
kinds      | yes
returns    | yes
frequent   | yes
nearly     | yes
nobody     | yes
uncovered  | no
"""

event = """
person_key | event_type | event_date | method_code | class_code | provider_code
edges      | attendance | 2025-04-01 | 1           | 01         | RAL
edges      | attendance | 2025-03-31 | 1           | 01         | RKE
edges      | attendance | 2024-04-01 | 1           | 01         | RKE
edges      | attendance | 2024-03-31 | 1           | 01         | RAP
kinds      | attendance | 2024-06-01 | 1           | 02         | RKE
kinds      | attendance | 2024-07-01 | 1           | 03         | RAP
kinds      | attendance | 2024-08-01 | 1           | 04         | RAP
kinds      | attendance | 2024-09-01 | 1           | 05         | RAP
kinds      | attendance | 2024-10-01 | 4           | 01         | RAL
kinds      | attendance | 2024-11-01 |             |            | RKE
returns    | attendance | 2024-06-01 | 1           | 01         | RKE
returns    | attendance | 2024-06-08 | 1           | 01         | RKE
returns    | attendance | 2024-06-16 | 1           | 03         | RAP
returns    | attendance | 2024-06-16 | 1           | 01         | RKE
frequent   | attendance | 2024-06-01 | 1           | 01         | RKE
frequent   | attendance | 2024-07-01 | 1           | 01         | RKE
frequent   | attendance | 2024-08-01 | 2           | 01         | RKE
frequent   | attendance | 2024-09-01 | 1           | 01         | RKE
frequent   | attendance | 2024-10-01 | 1           | 01         | RKE
nearly     | attendance | 2024-06-01 | 1           | 01         | RKE
nearly     | attendance | 2024-07-01 | 1           | 01         | RKE
nearly     | attendance | 2024-08-01 | 4           | 01         | RKE
nearly     | attendance | 2024-09-01 | 1           | 01         | RKE
nearly     | attendance | 2024-10-01 | 1           | 01         | RKE
uncovered  | attendance | 2024-06-01 | 1           | 01         | RKE
"""


def test_departments(expect):
    """Same day emergency care (05) and a department that was not told are neither; planned follow-up (4) is dropped."""
    expect(
        features="emergency_attendance_kinds",
        on="2025-04-01",
        rows="""
        person_key | major_department_attendances_12m | minor_department_attendances_12m
        edges      | 2                                | 0
        kinds      | 0                                | 3
        returns    | 3                                | 1
        frequent   | 5                                | 0
        nearly     | 4                                | 0
        nobody     | 0                                | 0
        uncovered  |                                  |
        """,
    )


def test_patterns(expect):
    """Seven days after the one before is a return, eight are not; a second one on the same day is. Five are frequent,
    and one without a category counts.
    """
    expect(
        features="emergency_attendance_kinds",
        on="2025-04-01",
        rows="""
        person_key | emergency_returns_within_7_days_12m | emergency_providers_distinct_12m | is_frequent_attender
        edges      | 0                                   | 1                                | no
        kinds      | 0                                   | 2                                | yes
        returns    | 2                                   | 2                                | no
        frequent   | 0                                   | 1                                | yes
        nearly     | 0                                   | 1                                | no
        nobody     | 0                                   | 0                                | no
        uncovered  |                                     |                                  |
        """,
    )
