"""Different medicines are different BNF sections issued in six months; items are all issues in twelve. An issue
without a section is an item, but no medicine that can be told from another."""

title = "Medicines"

cohort = """
person_key | is_gp_covered
edges      | yes
sections   | yes
nobody     | yes
uncovered  | no
"""

event = """
person_key | event_type    | event_date | detail
edges      | gp_medication | 2025-04-01 | 0101
edges      | gp_medication | 2025-03-31 | 0212
edges      | gp_medication | 2024-10-01 | 0205
edges      | gp_medication | 2024-09-30 | 0206
edges      | gp_medication | 2024-04-01 | 0301
edges      | gp_medication | 2024-03-31 | 0302
sections   | gp_medication | 2025-01-01 | 0212
sections   | gp_medication | 2025-02-01 | 0212
sections   | gp_medication | 2025-03-01 |
sections   | gp_code       | 2025-03-01 | 0403
uncovered  | gp_medication | 2025-03-01 | 0212
"""


def test_medicines_and_items(expect):
    """The index date is not seen, the first day of each window is; the same section twice is one medicine
    and two items.
    """
    expect(
        features="medication",
        on="2025-04-01",
        rows="""
        person_key | medicines_distinct_6m | medication_items_12m
        edges      | 2                     | 4
        sections   | 1                     | 3
        nobody     | 0                     | 0
        uncovered  |                       |
        """,
    )
