"""Van Walraven's points for Elixhauser's comorbidities from the diagnoses of two years, each once; some weigh less than
nothing. The milder form of one does not count beside the graver one."""

title = "Elixhauser comorbidity score"

cohort = """
person_key   | is_acute_covered
edges        | yes
below        | yes
both         | yes
hierarchy    | yes
two_at_once  | yes
nobody       | yes
uncovered    | no
"""

event = """
person_key   | event_type | event_date | end_date   | code
edges        | diagnosis  | 2025-04-01 | 2025-04-01 | C780
edges        | diagnosis  | 2025-03-31 | 2025-03-31 | R634
edges        | diagnosis  | 2023-04-01 | 2023-04-05 | E86X
edges        | diagnosis  | 2023-03-31 | 2023-04-05 | G811
below        | diagnosis  | 2024-05-01 | 2024-05-05 | E669
below        | diagnosis  | 2024-05-01 | 2024-05-05 | F329
both         | diagnosis  | 2024-05-01 | 2024-05-05 | I110
hierarchy    | diagnosis  | 2024-05-01 | 2024-05-05 | C509
hierarchy    | diagnosis  | 2024-05-01 | 2024-05-05 | C780
hierarchy    | diagnosis  | 2024-05-01 | 2024-05-05 | I10X
hierarchy    | diagnosis  | 2024-05-01 | 2024-05-05 | I120
two_at_once  | diagnosis  | 2024-05-01 | 2024-05-05 | I426
uncovered    | diagnosis  | 2024-05-01 | 2024-05-05 | C780
"""


def test_points(expect):
    """Weight loss 6 and fluid disorders 5; obesity -4 and depression -3; heart failure 7 with complicated hypertension
    0 from one code; metastases 12 in place of a tumour, kidney failure 5; I42.6 is heart failure and alcohol.
    """
    expect(
        features="elixhauser",
        on="2025-04-01",
        rows="""
        person_key   | elixhauser_score | elixhauser_comorbidities_24m
        edges        | 11               | 2
        below        | -7               | 2
        both         | 7                | 2
        hierarchy    | 17               | 3
        two_at_once  | 7                | 2
        nobody       | 0                | 0
        uncovered    |                  |
        """,
    )
