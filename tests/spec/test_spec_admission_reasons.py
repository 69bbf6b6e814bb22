"""Emergency admissions by what they were for. An infection or a fracture must be the primary diagnosis; a fall,
self-harm and delirium stand in any position. A person, a provider and a day are one admission."""

title = "Emergency admissions by what they were for"

cohort = """
person_key | is_acute_covered
edges      | yes
first      | yes
any        | yes
twice      | yes
planned    | yes
elsewhere  | yes
nobody     | yes
uncovered  | no
"""

event = """
person_key | event_type | event_date | end_date   | method_code | class_code | code | provider_code
edges      | admission  | 2025-04-01 |            | 21          | 1          |      | RKE
edges      | diagnosis  | 2025-04-01 | 2025-04-01 |             | 1          | N390 | RKE
edges      | admission  | 2025-03-31 | 2025-03-31 | 21          | 1          | N390 | RKE
edges      | diagnosis  | 2025-03-31 | 2025-03-31 |             | 1          | N390 | RKE
edges      | admission  | 2023-04-01 | 2023-04-02 | 21          | 1          | A419 | RKE
edges      | diagnosis  | 2023-04-01 | 2023-04-02 |             | 1          | A419 | RKE
edges      | admission  | 2023-03-31 | 2023-04-02 | 21          | 1          | J181 | RKE
edges      | diagnosis  | 2023-03-31 | 2023-04-02 |             | 1          | J181 | RKE
first      | admission  | 2024-06-01 | 2024-06-05 | 21          | 1          | I500 | RKE
first      | diagnosis  | 2024-06-01 | 2024-06-05 |             | 1          | I500 | RKE
first      | diagnosis  | 2024-06-01 | 2024-06-05 |             | 2          | N390 | RKE
first      | diagnosis  | 2024-06-01 | 2024-06-05 |             | 3          | S720 | RKE
any        | admission  | 2024-06-01 | 2024-06-05 | 21          | 1          | S720 | RKE
any        | diagnosis  | 2024-06-01 | 2024-06-05 |             | 1          | S720 | RKE
any        | diagnosis  | 2024-06-01 | 2024-06-05 |             | 2          | W190 | RKE
any        | diagnosis  | 2024-06-01 | 2024-06-05 |             | 3          | R410 | RKE
any        | admission  | 2024-07-01 | 2024-07-02 | 2A          | 1          | T391 | RKE
any        | diagnosis  | 2024-07-01 | 2024-07-02 |             | 1          | T391 | RKE
any        | diagnosis  | 2024-07-01 | 2024-07-02 |             | 4          | X600 | RKE
twice      | admission  | 2024-06-01 | 2024-06-05 | 21          | 1          | F059 | RKE
twice      | diagnosis  | 2024-06-01 | 2024-06-05 |             | 1          | F059 | RKE
twice      | diagnosis  | 2024-06-01 | 2024-06-05 |             | 2          | R410 | RKE
twice      | diagnosis  | 2024-06-01 | 2024-06-05 |             | 3          | W010 | RKE
twice      | diagnosis  | 2024-06-01 | 2024-06-05 |             | 4          | R296 | RKE
planned    | admission  | 2024-06-01 | 2024-06-05 | 11          | 1          | S720 | RKE
planned    | diagnosis  | 2024-06-01 | 2024-06-05 |             | 1          | S720 | RKE
elsewhere  | admission  | 2024-06-01 | 2024-06-05 | 21          | 1          | I500 | RKE
elsewhere  | diagnosis  | 2024-06-01 | 2024-06-05 |             | 1          | S720 | RAP
uncovered  | admission  | 2024-06-01 | 2024-06-05 | 21          | 1          | S720 | RKE
uncovered  | diagnosis  | 2024-06-01 | 2024-06-05 |             | 1          | S720 | RKE
"""


def test_primary_diagnosis(expect):
    """Secondary codes of an infection or a fracture do not count, nor do those of a planned admission."""
    expect(
        features="admission_reasons",
        on="2025-04-01",
        rows="""
        person_key | infection_admissions_24m | fracture_admissions_24m
        edges      | 2                        | 0
        first      | 0                        | 0
        any        | 0                        | 1
        twice      | 0                        | 0
        planned    | 0                        | 0
        elsewhere  | 0                        | 0
        nobody     | 0                        | 0
        uncovered  |                          |
        """,
    )


def test_any_position(expect):
    """Two codes of a group in one stay are one admission. W19 is a fall, X60 self-harm, R41.0 disorientation."""
    expect(
        features="admission_reasons",
        on="2025-04-01",
        rows="""
        person_key | fall_admissions_24m | self_harm_admissions_24m | delirium_admissions_24m
        edges      | 0                   | 0                        | 0
        first      | 0                   | 0                        | 0
        any        | 1                   | 1                        | 1
        twice      | 1                   | 0                        | 1
        planned    | 0                   | 0                        | 0
        elsewhere  | 0                   | 0                        | 0
        nobody     | 0                   | 0                        | 0
        uncovered  |                     |                          |
        """,
    )
