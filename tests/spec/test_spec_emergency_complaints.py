"""What people came to an emergency department with, in three groups. The chief complaint is told at arrival; it is not
what was found."""

title = "What people came to an emergency department with"

cohort = """
person_key | is_emergency_covered
edges      | yes
heart      | yes
distress   | yes
planned    | yes
other      | yes
nobody     | yes
uncovered  | no
"""

event = """
person_key | event_type | event_date | method_code | code
edges      | attendance | 2025-04-01 | 1           | 161898004
edges      | attendance | 2025-03-31 | 1           | 161898004
edges      | attendance | 2024-04-01 | 1           | 1912002
edges      | attendance | 2024-03-31 | 1           | 161898004
heart      | attendance | 2024-06-01 | 1           | 29857009
heart      | attendance | 2024-06-01 | 1           | 267036007
heart      | attendance | 2024-07-01 | 2           | 271594007
distress   | attendance | 2024-06-01 | 1           | 248062006
distress   | attendance | 2024-07-01 | 1           | 272022009
distress   | attendance | 2024-08-01 |             | 48694002
planned    | attendance | 2024-06-01 | 4           | 161898004
other      | attendance | 2024-06-01 | 1           | 21522001
other      | attendance | 2024-06-01 | 1           |
other      | gp_code    | 2024-06-01 |             | 161898004
uncovered  | attendance | 2024-06-01 | 1           | 161898004
"""


def test_complaints(expect):
    """A complaint that is not listed belongs to no group; two attendances on one day are two."""
    expect(
        features="emergency_complaints",
        on="2025-04-01",
        rows="""
        person_key | fall_attendances_12m | heart_or_lung_attendances_12m | mental_distress_attendances_12m
        edges      | 2                    | 0                             | 0
        heart      | 0                    | 3                             | 0
        distress   | 0                    | 0                             | 3
        planned    | 0                    | 0                             | 0
        other      | 0                    | 0                             | 0
        nobody     | 0                    | 0                             | 0
        uncovered  |                      |                               |
        """,
    )
