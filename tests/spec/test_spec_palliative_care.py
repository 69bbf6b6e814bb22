"""On the register from the first code on, until a later code says that it is no longer indicated; a code after that
puts the person back. Both on one day: it goes on."""

title = "Palliative care"

cohort = """
person_key | is_gp_covered
edges      | yes
ended      | yes
not_ended  | yes
same_day   | yes
back       | yes
nobody     | yes
uncovered  | no
"""

event = """
person_key | event_type | event_date | code
edges      | gp_code    | 2025-04-01 | 414937009
edges      | gp_code    | 2025-03-31 | 103735009
ended      | gp_code    | 2024-01-01 | 103735009
ended      | gp_code    | 2025-03-31 | 1048611000000104
not_ended  | gp_code    | 2024-04-01 | 103735009
not_ended  | gp_code    | 2025-04-01 | 1048611000000104
same_day   | gp_code    | 2024-04-01 | 103735009
same_day   | gp_code    | 2024-04-01 | 1048611000000104
back       | gp_code    | 2023-04-02 | 103735009
back       | gp_code    | 2024-01-01 | 1048611000000104
back       | gp_code    | 2024-04-01 | 414937009
nobody     | gp_code    | 2024-01-01 | 1048611000000104
uncovered  | gp_code    | 2024-01-01 | 103735009
"""


def test_on_the_register(expect):
    """Neither a code on the index date nor an end on it is seen; days since count from the first code of all."""
    expect(
        features="palliative_care",
        on="2025-04-01",
        rows="""
        person_key | has_palliative_care | palliative_care_days_since
        edges      | yes                 | 1
        ended      | no                  |
        not_ended  | yes                 | 365
        same_day   | yes                 | 365
        back       | yes                 | 730
        nobody     | no                  |
        uncovered  |                     |
        """,
    )
