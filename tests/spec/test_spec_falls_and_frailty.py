"""Days with a coded fall in the last twelve months; moderate or severe frailty and being housebound, ever
coded. Mild frailty does not count."""

title = "Falls, frailty and being housebound"

cohort = """
person_key | is_gp_covered
edges      | yes
levels     | yes
mild       | yes
nobody     | yes
uncovered  | no
"""

event = """
person_key | event_type | event_date | code
edges      | gp_code    | 2025-04-01 | 161898004
edges      | gp_code    | 2025-03-31 | 161898004
edges      | gp_code    | 2025-03-31 | 1912002
edges      | gp_code    | 2024-04-01 | 1912002
edges      | gp_code    | 2024-03-31 | 161898004
edges      | gp_code    | 2025-04-01 | 925861000000102
edges      | gp_code    | 2025-04-01 | 160689007
levels     | gp_code    | 2025-03-31 | 925831000000107
levels     | gp_code    | 2009-03-31 | 160689007
mild       | gp_code    | 2025-01-01 | 925791000000100
uncovered  | gp_code    | 2025-01-01 | 161898004
uncovered  | gp_code    | 2025-01-01 | 925861000000102
"""


def test_falls_frailty_and_housebound(expect):
    """Two fall codes on one day are one fall; nothing on the index date is seen."""
    expect(
        features="falls_and_frailty",
        on="2025-04-01",
        rows="""
        person_key | falls_12m | has_frailty_code | is_housebound
        edges      | 2         | no               | no
        levels     | 0         | yes              | yes
        mild       | 0         | no               | no
        nobody     | 0         | no               | no
        uncovered  |           |                  |
        """,
    )


def test_a_day_later(expect):
    """What was on the index date is now the day before it, and counts."""
    expect(
        features="falls_and_frailty",
        on="2025-04-02",
        rows="""
        person_key | falls_12m | has_frailty_code | is_housebound
        edges      | 2         | yes              | yes
        levels     | 0         | yes              | yes
        mild       | 0         | no               | no
        nobody     | 0         | no               | no
        uncovered  |           |                  |
        """,
    )
