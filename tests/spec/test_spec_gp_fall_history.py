"""Several fall codes on one day are one fall."""

title = "Falls coded in general practice"

cohort = """
person_key | is_gp_covered
edges      | yes
same_day   | yes
old        | yes
nobody     | yes
uncovered  | no
"""

event = """
person_key | event_type | event_date | code
edges      | gp_code    | 2025-04-01 | 1912002
edges      | gp_code    | 2025-03-31 | 1912002
edges      | gp_code    | 2025-01-01 | 161898004
edges      | gp_code    | 2024-12-31 | 1912002
edges      | gp_code    | 2023-04-01 | 1912002
edges      | gp_code    | 2023-03-31 | 1912002
same_day   | gp_code    | 2025-02-01 | 1912002
same_day   | gp_code    | 2025-02-01 | 161898004
old        | gp_code    | 2015-04-01 | 1912002
uncovered  | gp_code    | 2025-02-01 | 1912002
"""


def test_falls_by_window(expect):
    """The index date is not seen; the first day of each window is; days since reach back for ever."""
    expect(
        features="gp_fall_history",
        on="2025-04-01",
        rows="""
        person_key | gp_falls_3m | gp_falls_24m | gp_fall_days_since
        edges      | 2           | 4            | 1
        same_day   | 1           | 1            | 59
        old        | 0           | 0            | 3653
        nobody     | 0           | 0            |
        uncovered  |             |              |
        """,
    )
