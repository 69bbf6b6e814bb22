"""People of the cohort with the same household number, counted when the cohort is made (`sql/cohort/cohort.sql`); the
feature only takes them over."""

title = "Household"

cohort = """
person_key | household_size | household_people_65_and_over
alone      | 1              | 1
couple     | 2              | 2
family     | 5              | 0
unknown    |                |
"""

event = """
person_key | event_type | event_date
alone      | gp_code    | 2025-03-31
"""


def test_size_of_the_home(expect):
    """Null where the practice gives no household number."""
    expect(
        features="household",
        on="2025-04-01",
        rows="""
        person_key | household_size | is_alone_in_household | household_people_65_and_over
        alone      | 1              | yes                   | 1
        couple     | 2              | no                    | 2
        family     | 5              | no                    | 0
        unknown    |                |                       |
        """,
    )
