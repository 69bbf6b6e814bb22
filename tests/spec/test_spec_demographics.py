"""Age is counted in whole years from the month of birth; sex and deprivation come from the registration and the
area."""

title = "Age, sex and deprivation"

cohort = """
person_key | age_years | sex    | imd_decile
p1         | 84        | female | 1
p2         | 17        | male   | 10
p3         | 40        | other  |
p4         | 0         |        | 5
"""

event = """
person_key | event_type | event_date
"""


def test_cohort_columns(expect):
    """Columns are passed on as the cohort has them; an unknown sex is null, not 'no'."""
    expect(
        features="demographics",
        on="2025-04-01",
        rows="""
        person_key | age_years | is_female | imd_decile
        p1         | 84        | yes       | 1
        p2         | 17        | no        | 10
        p3         | 40        | no        |
        p4         | 0         |           | 5
        """,
    )
