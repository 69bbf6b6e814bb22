"""The latest degree of frailty counts, also when it is lower than an earlier one; the worst of several on one day.
Being housebound counts from its first code."""

title = "Degree of frailty and being housebound"

cohort = """
person_key | is_gp_covered
edges      | yes
better     | yes
same_day   | yes
home       | yes
nobody     | yes
uncovered  | no
"""

event = """
person_key | event_type | event_date | code
edges      | gp_code    | 2025-04-01 | 925861000000102
edges      | gp_code    | 2025-04-01 | 160689007
edges      | gp_code    | 2025-03-31 | 925831000000107
better     | gp_code    | 2020-04-01 | 925861000000102
better     | gp_code    | 2024-04-01 | 925791000000100
same_day   | gp_code    | 2024-04-01 | 925791000000100
same_day   | gp_code    | 2024-04-01 | 925861000000102
home       | gp_code    | 2015-04-01 | 160689007
home       | gp_code    | 2025-03-31 | 160689007
uncovered  | gp_code    | 2024-04-01 | 925861000000102
"""


def test_latest_degree_and_first_day_housebound(expect):
    """What is coded on the index date is not seen."""
    expect(
        features="frailty_grade",
        on="2025-04-01",
        rows="""
        person_key | frailty_grade | frailty_grade_days_since | housebound_days_since
        edges      | 2             | 1                        |
        better     | 1             | 365                      |
        same_day   | 3             | 365                      |
        home       | 0             |                          | 3653
        nobody     | 0             |                          |
        uncovered  |               |                          |
        """,
    )
