"""How long emergency stays were: those that ended on the day they began, those of a week and of three weeks, the
longest and the mean. A stay that is not over has lasted up to the index date."""

title = "How long emergency stays were"

cohort = """
person_key  | is_acute_covered
edges       | yes
lengths     | yes
still_in    | yes
left_open   | yes
planned     | yes
nobody      | yes
uncovered   | no
"""

event = """
person_key | event_type | event_date | end_date   | method_code
edges      | admission  | 2025-04-01 | 2025-04-01 | 21
edges      | admission  | 2025-03-31 | 2025-03-31 | 21
edges      | admission  | 2024-04-01 | 2024-04-01 | 21
edges      | admission  | 2024-03-31 | 2024-03-31 | 21
edges      | admission  | 2023-04-01 | 2023-04-08 | 21
edges      | admission  | 2023-03-31 | 2023-04-30 | 21
lengths    | admission  | 2024-05-01 | 2024-05-07 | 21
lengths    | admission  | 2024-06-01 | 2024-06-08 | 22
lengths    | admission  | 2024-07-01 | 2024-07-21 | 2A
lengths    | admission  | 2024-08-01 | 2024-08-22 | 21
still_in   | admission  | 2025-03-11 |            | 21
still_in   | admission  | 2025-02-01 | 2025-02-02 | 21
left_open  | admission  | 2024-06-01 |            | 21
left_open  | admission  | 2024-09-01 | 2024-09-05 | 21
planned    | admission  | 2024-06-01 | 2024-06-01 | 11
planned    | admission  | 2024-07-01 | 2024-07-30 | 2B
uncovered  | admission  | 2025-02-01 | 2025-02-01 | 21
"""


def test_lengths(expect):
    """Seven nights are a week and six are not; 21 are three weeks and 20 are not. Only listed emergency methods count.

    The stay of the day before the window is left out whole, however long it lasted into it.
    """
    expect(
        features="emergency_stay_lengths",
        on="2025-04-01",
        rows="""
        person_key | emergency_same_day_stays_12m | emergency_stays_7_nights_24m | emergency_stays_21_nights_24m
        edges      | 2                            | 1                            | 0
        lengths    | 0                            | 3                            | 1
        still_in   | 0                            | 1                            | 1
        left_open  | 0                            | 0                            | 0
        planned    | 0                            | 0                            | 0
        nobody     | 0                            | 0                            | 0
        uncovered  |                              |                              |
        """,
    )


def test_longest_and_mean(expect):
    """The mean takes in stays that ended on the day they began as none; nobody without a stay has a mean."""
    expect(
        features="emergency_stay_lengths",
        on="2025-04-01",
        rows="""
        person_key | emergency_longest_stay_nights_24m | emergency_mean_stay_nights_24m
        edges      | 7                                 | 1.75
        lengths    | 21                                | 13.5
        still_in   | 21                                | 11
        left_open  | 4                                 | 2
        planned    | 0                                 |
        nobody     | 0                                 |
        uncovered  |                                   |
        """,
    )
