"""How long ago the registration began; a registration within the last 12 months is new."""

title = "Registration"

cohort = """
person_key | registration_start_date | needs_interpreter
yesterday  | 2025-03-31              | no
newest     | 2024-04-01              | yes
not_new    | 2024-03-31              |
long       | 2015-04-01              | no
"""

event = """
person_key | event_type | event_date
long       | gp_code    | 2025-03-31
"""


def test_days_and_newly_registered(expect):
    """The first day of the 12 months is still new, the day before it is not; an interpreter nobody asked about is
    null.
    """
    expect(
        features="registration",
        on="2025-04-01",
        rows="""
        person_key | registration_days | is_newly_registered_12m | needs_interpreter
        yesterday  | 1                 | yes                     | no
        newest     | 365               | yes                     | yes
        not_new    | 366               | no                      |
        long       | 3653              | no                      | no
        """,
    )
