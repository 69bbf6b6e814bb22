"""Being a carer lasts until a later code takes it back, and on one day it wins. Other circumstances count for 24
months, but living in a care home for good."""

title = "Carers, living alone and help at home"

cohort = """
person_key | is_gp_covered
edges      | yes
oldest     | yes
too_old    | yes
no_longer  | yes
same_day   | yes
counts     | yes
nobody     | yes
uncovered  | no
"""

event = """
person_key | event_type | event_date | code
edges      | gp_code    | 2025-04-01 | 105529008
edges      | gp_code    | 2025-04-01 | 506401000000109
edges      | gp_code    | 2025-04-01 | 248171000000108
edges      | gp_code    | 2025-03-31 | 224484003
edges      | gp_code    | 2025-03-31 | 267076002
oldest     | gp_code    | 2023-04-01 | 105529008
oldest     | gp_code    | 2023-04-01 | 306238000
oldest     | gp_code    | 2000-04-01 | 224484003
oldest     | gp_code    | 2000-04-01 | 248171000000108
too_old    | gp_code    | 2023-03-31 | 105529008
too_old    | gp_code    | 2023-03-31 | 267076002
too_old    | gp_code    | 2023-03-31 | 306238000
too_old    | gp_code    | 2023-03-31 | 160774006
no_longer  | gp_code    | 2024-01-01 | 224484003
no_longer  | gp_code    | 2024-01-02 | 199361000000101
same_day   | gp_code    | 2024-01-01 | 224484003
same_day   | gp_code    | 2024-01-01 | 199361000000101
counts     | gp_code    | 2024-01-01 | 306238000
counts     | gp_code    | 2024-01-01 | 161152002
counts     | gp_code    | 2024-02-01 | 160770002
counts     | gp_code    | 2024-02-01 | 161083000
uncovered  | gp_code    | 2024-01-01 | 224484003
"""


def test_carers_and_circumstances(expect):
    """The index date is not seen, the first day of the 24 months is. Two social codes on one day are one day."""
    expect(
        features="support_at_home",
        on="2025-04-01",
        rows="""
        person_key | is_carer | is_noted_living_alone_24m | is_noted_lonely_24m | social_need_days_24m
        edges      | yes      | no                        | yes                 | 0
        oldest     | yes      | yes                       | no                  | 1
        too_old    | no       | no                        | no                  | 0
        no_longer  | no       | no                        | no                  | 0
        same_day   | yes      | no                        | no                  | 0
        counts     | no       | no                        | no                  | 2
        nobody     | no       | no                        | no                  | 0
        uncovered  |          |                           |                     |
        """,
    )
    expect(
        features="support_at_home",
        on="2025-04-01",
        rows="""
        person_key | help_at_home_days_24m | is_noted_in_care_home
        edges      | 0                     | no
        oldest     | 0                     | yes
        too_old    | 0                     | no
        no_longer  | 0                     | no
        same_day   | 0                     | no
        counts     | 1                     | no
        nobody     | 0                     | no
        uncovered  |                       |
        """,
    )
