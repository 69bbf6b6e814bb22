"""The Charlson index from the diagnoses of two years: a comorbidity counts once, the milder form of one not beside the
graver one (Quan 2005; weights of 1987 and of 2011)."""

title = "Charlson comorbidity index"

cohort = """
person_key   | is_acute_covered
edges        | yes
once         | yes
diabetes     | yes
liver        | yes
tumour       | yes
sum          | yes
none_listed  | yes
nobody       | yes
uncovered    | no
"""

event = """
person_key   | event_type | event_date | end_date   | code
edges        | diagnosis  | 2025-04-01 | 2025-04-01 | C780
edges        | diagnosis  | 2025-03-31 | 2025-03-31 | J449
edges        | diagnosis  | 2023-04-01 | 2023-04-05 | I500
edges        | diagnosis  | 2023-03-31 | 2023-04-05 | F03X
once         | diagnosis  | 2024-05-01 | 2024-05-05 | I500
once         | diagnosis  | 2024-06-01 | 2024-06-05 | I509
once         | diagnosis  | 2024-06-01 | 2024-06-05 | I110
diabetes     | diagnosis  | 2024-05-01 | 2024-05-05 | E119
diabetes     | diagnosis  | 2024-06-01 | 2024-06-05 | E112
liver        | diagnosis  | 2024-05-01 | 2024-05-05 | K746
liver        | diagnosis  | 2024-06-01 | 2024-06-05 | K766
tumour       | diagnosis  | 2024-05-01 | 2024-05-05 | C509
tumour       | diagnosis  | 2024-06-01 | 2024-06-05 | C795
sum          | diagnosis  | 2024-05-01 | 2024-05-05 | I252
sum          | diagnosis  | 2024-05-01 | 2024-05-05 | I739
sum          | diagnosis  | 2024-05-01 | 2024-05-05 | G459
sum          | diagnosis  | 2024-05-01 | 2024-05-05 | N183
none_listed  | diagnosis  | 2024-05-01 | 2024-05-05 | I10X
none_listed  | diagnosis  | 2024-05-01 | 2024-05-05 | I251
none_listed  | admission  | 2024-05-01 | 2024-05-05 | C780
uncovered    | diagnosis  | 2024-05-01 | 2024-05-05 | C780
"""


def test_weights(expect):
    """COPD 1 and 1, heart failure 1 and 2; metastases 6 and 6; old infarction, vessels, TIA 1 each and 0 in 2011;
    kidney disease 2 and 1. Diabetes with complications 2 and 1 in place of without; grave liver disease 3 and 4.
    """
    expect(
        features="charlson",
        on="2025-04-01",
        rows="""
        person_key   | charlson_index | charlson_index_updated | charlson_comorbidities_24m
        edges        | 2              | 3                      | 2
        once         | 1              | 2                      | 1
        diabetes     | 2              | 1                      | 1
        liver        | 3              | 4                      | 1
        tumour       | 6              | 6                      | 1
        sum          | 5              | 1                      | 4
        none_listed  | 0              | 0                      | 0
        nobody       | 0              | 0                      | 0
        uncovered    |                |                        |
        """,
    )
