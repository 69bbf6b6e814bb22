"""The Hospital Frailty Risk Score: points for three-character ICD-10 codes found in the stays of two years, each code
once (Gilbert 2018). Below 5 is low, 5 to 15 intermediate, above 15 high."""

title = "Hospital Frailty Risk Score"

cohort = """
person_key   | is_acute_covered
edges        | yes
once         | yes
intermediate | yes
fifteen      | yes
high         | yes
other        | yes
nobody       | yes
uncovered    | no
"""

event = """
person_key   | event_type | event_date | end_date   | code
edges        | diagnosis  | 2025-04-01 | 2025-04-01 | F00X
edges        | diagnosis  | 2025-03-31 | 2025-03-31 | R296
edges        | diagnosis  | 2023-04-01 | 2023-04-05 | I951
edges        | diagnosis  | 2023-03-31 | 2023-04-05 | G819
once         | diagnosis  | 2024-05-01 | 2024-05-05 | N390
once         | diagnosis  | 2024-06-01 | 2024-06-05 | N390
once         | diagnosis  | 2024-06-01 | 2024-06-05 | N393
intermediate | diagnosis  | 2024-05-01 | 2024-05-05 | F059
intermediate | diagnosis  | 2024-05-01 | 2024-05-05 | R54X
fifteen      | diagnosis  | 2024-05-01 | 2024-05-05 | F009
fifteen      | diagnosis  | 2024-05-01 | 2024-05-05 | G819
fifteen      | diagnosis  | 2024-05-01 | 2024-05-05 | N390
fifteen      | diagnosis  | 2024-05-01 | 2024-05-05 | R113
high         | diagnosis  | 2024-05-01 | 2024-05-05 | F009
high         | diagnosis  | 2024-05-01 | 2024-05-05 | G819
high         | diagnosis  | 2024-05-01 | 2024-05-05 | N390
high         | diagnosis  | 2024-05-01 | 2024-05-05 | D649
other        | diagnosis  | 2024-05-01 | 2024-05-05 | J441
other        | admission  | 2024-05-01 | 2024-05-05 | F009
uncovered    | diagnosis  | 2024-05-01 | 2024-05-05 | F009
"""


def test_points(expect):
    """F00 7.1, G81 4.4, R29 3.6, N39 3.2, F05 3.2, R54 2.2, I95 1.6, D64 0.4, R11 0.3: each once, whatever follows.

    A code on the index date is not seen; one of the day before the window neither.
    """
    expect(
        features="hospital_frailty",
        on="2025-04-01",
        rows="""
        person_key   | hospital_frailty_risk_score | hospital_frailty_risk_band | hospital_frailty_codes_24m
        edges        | 5.2                         | 1                          | 2
        once         | 3.2                         | 0                          | 1
        intermediate | 5.4                         | 1                          | 2
        fifteen      | 15                          | 1                          | 4
        high         | 15.1                        | 2                          | 4
        other        | 0                           | 0                          | 0
        nobody       | 0                           | 0                          | 0
        uncovered    |                             |                            |
        """,
    )
