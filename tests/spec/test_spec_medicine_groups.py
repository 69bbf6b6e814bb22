"""A group counts as taken when one of its BNF sections was issued within six months; items are issues within twelve.
High risk are six of the groups: anticoagulants, diuretics, medicines for diabetes, antipsychotics, hypnotics and
anxiolytics, and drugs for rheumatic diseases."""

title = "Medicines by group"

cohort = """
person_key | is_gp_covered
edges      | yes
all        | yes
items      | yes
nobody     | yes
uncovered  | no
"""

event = """
person_key | event_type    | event_date | detail
edges      | gp_medication | 2025-04-01 | 0208
edges      | gp_medication | 2025-03-31 | 0202
edges      | gp_medication | 2024-10-01 | 0402
edges      | gp_medication | 2024-09-30 | 0601
edges      | gp_medication | 2024-04-01 | 0501
edges      | gp_medication | 2024-03-31 | 0501
all        | gp_medication | 2025-01-01 | 0208
all        | gp_medication | 2025-01-01 | 0209
all        | gp_medication | 2025-01-01 | 0202
all        | gp_medication | 2025-01-01 | 0601
all        | gp_medication | 2025-01-01 | 0402
all        | gp_medication | 2025-01-01 | 0403
all        | gp_medication | 2025-01-01 | 0401
all        | gp_medication | 2025-01-01 | 1001
all        | gp_medication | 2025-01-01 | 0212
items      | gp_medication | 2025-01-01 | 0407
items      | gp_medication | 2025-01-01 | 0407
items      | gp_medication | 2025-02-01 | 0407
items      | gp_medication | 2024-06-01 | 0501
items      | gp_medication | 2025-02-01 | 0501
items      | gp_medication | 2024-06-01 | 0603
items      | gp_code       | 2024-06-01 | 0603
items      | gp_medication | 2024-06-01 |
uncovered  | gp_medication | 2025-01-01 | 0208
"""


def test_groups_and_items(expect):
    """The index date is not seen, the first day of each window is. Two issues on one day are two items."""
    expect(
        features="medicine_groups",
        on="2025-04-01",
        rows="""
        person_key | has_anticoagulant_6m | has_antiplatelet_6m | has_diuretic_6m | has_diabetes_medicine_6m
        edges      | no                   | no                  | yes             | no
        all        | yes                  | yes                 | yes             | yes
        items      | no                   | no                  | no              | no
        nobody     | no                   | no                  | no              | no
        uncovered  |                      |                     |                 |
        """,
    )
    expect(
        features="medicine_groups",
        on="2025-04-01",
        rows="""
        person_key | has_antipsychotic_6m | has_antidepressant_6m | has_hypnotic_or_anxiolytic_6m
        edges      | yes                  | no                    | no
        all        | yes                  | yes                   | yes
        items      | no                   | no                    | no
        nobody     | no                   | no                    | no
        uncovered  |                      |                       |
        """,
    )
    expect(
        features="medicine_groups",
        on="2025-04-01",
        rows="""
        person_key | has_rheumatic_medicine_6m | high_risk_medicine_groups_6m | analgesic_items_12m
        edges      | no                        | 2                            | 0
        all        | yes                       | 6                            | 0
        items      | no                        | 0                            | 3
        nobody     | no                        | 0                            | 0
        uncovered  |                           |                              |
        """,
    )
    expect(
        features="medicine_groups",
        on="2025-04-01",
        rows="""
        person_key | antibacterial_items_12m | corticosteroid_items_12m
        edges      | 1                       | 0
        all        | 0                       | 0
        items      | 2                       | 1
        nobody     | 0                       | 0
        uncovered  |                         |
        """,
    )
