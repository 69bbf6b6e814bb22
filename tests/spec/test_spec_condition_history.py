"""A condition is as old as its first code; later codes of it make nothing new. A record that came along from another
practice keeps its dates."""

title = "When long-term conditions were first coded"

cohort = """
person_key | is_gp_covered
edges      | yes
year       | yes
three      | yes
again      | yes
nobody     | yes
uncovered  | no
"""

event = """
person_key | event_type | event_date | code
edges      | gp_code    | 2025-04-01 | 84114007
edges      | gp_code    | 2025-03-31 | 13645005
year       | gp_code    | 2024-04-01 | 84114007
year       | gp_code    | 2024-03-31 | 254837009
three      | gp_code    | 2022-04-01 | 52448006
three      | gp_code    | 2022-03-31 | 84757009
again      | gp_code    | 2015-04-01 | 84114007
again      | gp_code    | 2025-03-01 | 84114007
again      | gp_code    | 2025-03-01 | 42343007
uncovered  | gp_code    | 2025-03-01 | 84114007
"""


def test_first_codes(expect):
    """The index date is not seen; the first day of each window is, and the day before it only by days since."""
    expect(
        features="condition_history",
        on="2025-04-01",
        rows="""
        person_key | conditions_new_12m | conditions_new_36m | newest_condition_days_since
        edges      | 1                  | 1                  | 1
        year       | 1                  | 2                  | 365
        three      | 0                  | 1                  | 1096
        again      | 0                  | 0                  | 3653
        nobody     | 0                  | 0                  |
        uncovered  |                    |                    |
        """,
    )
    expect(
        features="condition_history",
        on="2025-04-01",
        rows="""
        person_key | oldest_condition_days_since | heart_failure_days_since | copd_days_since | cancer_days_since
        edges      | 1                           |                          | 1               |
        year       | 366                         | 365                      |                 | 366
        three      | 1097                        |                          |                 |
        again      | 3653                        | 3653                     |                 |
        nobody     |                             |                          |                 |
        uncovered  |                             |                          |                 |
        """,
    )
    expect(
        features="condition_history",
        on="2025-04-01",
        rows="""
        person_key | dementia_days_since
        edges      |
        year       |
        three      | 1096
        again      |
        nobody     |
        uncovered  |
        """,
    )
