"""The latest status counts, also an older habit given up; of several on one day the highest."""

title = "Smoking"

cohort = """
person_key | is_gp_covered
edges      | yes
stopped    | yes
same_day   | yes
never      | yes
nobody     | yes
uncovered  | no
"""

event = """
person_key | event_type | event_date | code
edges      | gp_code    | 2025-04-01 | 77176002
edges      | gp_code    | 2025-03-31 | 8517006
stopped    | gp_code    | 2015-04-01 | 77176002
stopped    | gp_code    | 2024-04-01 | 8517006
same_day   | gp_code    | 2024-04-01 | 8517006
same_day   | gp_code    | 2024-04-01 | 77176002
never      | gp_code    | 2015-04-01 | 266919005
uncovered  | gp_code    | 2024-04-01 | 77176002
"""


def test_latest_status(expect):
    """What is coded on the index date is not seen; null means that nobody ever asked."""
    expect(
        features="smoking",
        on="2025-04-01",
        rows="""
        person_key | smoking_level | smoking_status_days_since
        edges      | 1             | 1
        stopped    | 1             | 365
        same_day   | 2             | 365
        never      | 0             | 3653
        nobody     |               |
        uncovered  |               |
        """,
    )
