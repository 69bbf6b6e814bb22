"""Nights inside the window, whenever the stay began, by kind of admission. Stays that overlap count each.
A stay without an end that a later one follows was left open by mistake and vouches for its first day only."""

title = "Nights in hospital by kind of admission"

cohort = """
person_key  | is_acute_covered
edges       | yes
kinds       | yes
still_in    | yes
left_open   | yes
before      | yes
nobody      | yes
uncovered   | no
"""

event = """
person_key | event_type | event_date | end_date   | method_code
edges      | admission  | 2025-04-01 | 2025-04-01 | 21
edges      | admission  | 2025-03-31 | 2025-04-01 | 21
edges      | admission  | 2024-12-31 | 2025-01-02 | 21
edges      | admission  | 2025-01-01 | 2025-01-02 | 11
edges      | admission  | 2024-03-31 | 2024-04-02 | 11
edges      | admission  | 2024-04-01 | 2024-04-02 | 82
edges      | admission  | 2023-03-31 | 2023-04-02 | 21
edges      | admission  | 2023-04-01 | 2023-04-02 | 21
kinds      | admission  | 2025-02-01 | 2025-02-04 | 21
kinds      | admission  | 2025-02-04 | 2025-02-06 | 2B
kinds      | admission  | 2025-02-10 | 2025-02-10 | 12
kinds      | admission  | 2025-02-20 | 2025-02-21 | 31
kinds      | episode    | 2025-02-01 | 2025-02-04 | 21
still_in   | admission  | 2025-03-22 |            | 21
left_open  | admission  | 2021-03-01 |            | 21
left_open  | admission  | 2025-03-01 |            | 21
left_open  | admission  | 2025-03-10 | 2025-03-12 | 11
before     | admission  | 2023-01-01 | 2023-03-31 | 21
uncovered  | admission  | 2025-02-01 | 2025-02-03 | 21
"""


def test_nights(expect):
    """The night to the first day of a window lies outside it; the night to the index date lies inside.

    A transfer (2B), maternity (31) and birth (82) count among all kinds only; an episode is no stay of its own.
    """
    expect(
        features="hospital_bed_days",
        on="2025-04-01",
        rows="""
        person_key | emergency_bed_days_3m | emergency_bed_days_24m | elective_bed_days_12m | hospital_bed_days_12m
        edges      | 2                     | 5                      | 2                     | 6
        kinds      | 3                     | 3                      | 0                     | 6
        still_in   | 10                    | 10                     | 0                     | 10
        left_open  | 0                     | 0                      | 2                     | 2
        before     | 0                     | 0                      | 0                     | 0
        nobody     | 0                     | 0                      | 0                     | 0
        uncovered  |                       |                        |                       |
        """,
    )


def test_stays(expect):
    """Every stay with a day in the last 12 months, also one that began before them."""
    expect(
        features="hospital_bed_days",
        on="2025-04-01",
        rows="""
        person_key | hospital_stays_12m
        edges      | 5
        kinds      | 4
        still_in   | 1
        left_open  | 2
        before     | 0
        nobody     | 0
        uncovered  |
        """,
    )
