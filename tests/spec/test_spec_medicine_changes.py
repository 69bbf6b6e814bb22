"""A medicine is a BNF section. Started: issued in the last six months and not in the twelve before. Stopped: issued
three times or more in those twelve, and not in the last six."""

title = "Polypharmacy, and medicines started and stopped"

cohort = """
person_key | is_gp_covered
edges      | yes
five       | yes
ten        | yes
stopped    | yes
gap        | yes
nobody     | yes
uncovered  | no
"""

event = """
person_key | event_type    | event_date | detail
edges      | gp_medication | 2025-04-01 | 0101
edges      | gp_medication | 2025-03-31 | 0102
edges      | gp_medication | 2024-10-01 | 0103
edges      | gp_medication | 2024-09-30 | 0104
edges      | gp_medication | 2024-04-01 | 0105
edges      | gp_medication | 2024-03-31 | 0106
edges      | gp_medication | 2023-10-01 | 0103
edges      | gp_medication | 2023-09-30 | 0102
five       | gp_medication | 2025-01-01 | 0101
five       | gp_medication | 2025-01-01 | 0102
five       | gp_medication | 2025-01-01 | 0103
five       | gp_medication | 2025-01-01 | 0104
five       | gp_medication | 2025-01-01 | 0105
five       | gp_medication | 2025-01-01 |
ten        | gp_medication | 2025-01-01 | 0101
ten        | gp_medication | 2025-01-01 | 0102
ten        | gp_medication | 2025-01-01 | 0103
ten        | gp_medication | 2025-01-01 | 0104
ten        | gp_medication | 2025-01-01 | 0105
ten        | gp_medication | 2025-01-01 | 0106
ten        | gp_medication | 2025-01-01 | 0201
ten        | gp_medication | 2025-01-01 | 0202
ten        | gp_medication | 2025-01-01 | 0203
ten        | gp_medication | 2025-01-01 | 0204
stopped    | gp_medication | 2023-10-01 | 0205
stopped    | gp_medication | 2024-06-01 | 0205
stopped    | gp_medication | 2024-09-30 | 0205
stopped    | gp_medication | 2023-09-30 | 0206
stopped    | gp_medication | 2024-06-01 | 0206
stopped    | gp_medication | 2024-09-30 | 0206
stopped    | gp_medication | 2024-05-01 | 0212
stopped    | gp_medication | 2024-06-01 | 0212
stopped    | gp_medication | 2024-07-01 | 0212
stopped    | gp_medication | 2024-10-01 | 0212
gap        | gp_medication | 2024-04-01 | 0403
gap        | gp_medication | 2024-11-01 | 0403
gap        | gp_medication | 2025-03-31 | 0403
uncovered  | gp_medication | 2025-01-01 | 0101
"""


def test_many_started_and_stopped(expect):
    """The index date is not seen, the first day of each window is. In `stopped` the second medicine was issued only
    twice within the window, and the third was fetched once more on the first day of the last half-year.
    """
    expect(
        features="medicine_changes",
        on="2025-04-01",
        rows="""
        person_key | has_five_medicines_6m | has_ten_medicines_6m | repeat_medicines_12m | medicines_change_6m
        edges      | no                    | no                   | 0                    | 0
        five       | yes                   | no                   | 0                    | 5
        ten        | yes                   | yes                  | 0                    | 10
        stopped    | no                    | no                   | 1                    | -2
        gap        | no                    | no                   | 1                    | 0
        nobody     | no                    | no                   | 0                    | 0
        uncovered  |                       |                      |                      |
        """,
    )
    expect(
        features="medicine_changes",
        on="2025-04-01",
        rows="""
        person_key | medicines_started_6m | medicines_stopped_6m
        edges      | 1                    | 0
        five       | 5                    | 0
        ten        | 10                   | 0
        stopped    | 0                    | 1
        gap        | 0                    | 0
        nobody     | 0                    | 0
        uncovered  |                      |
        """,
    )
