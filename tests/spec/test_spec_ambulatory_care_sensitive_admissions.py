"""Emergency admissions whose primary diagnosis is one that care in the community can often keep out of hospital. The
list holds ICD-10 prefixes in three groups: J44 takes in J441, while I130 does not take in I131."""

title = "Ambulatory care sensitive admissions"

cohort = """
person_key | is_acute_covered
edges      | yes
codes      | yes
groups     | yes
nobody     | yes
uncovered  | no
"""

event = """
person_key | event_type | event_date | method_code | code
edges      | admission  | 2025-04-01 | 21          | J441
edges      | admission  | 2025-03-31 | 21          | J441
edges      | admission  | 2024-04-01 | 21          | J441
edges      | admission  | 2024-03-31 | 21          | J441
edges      | admission  | 2023-04-01 | 21          | J441
edges      | admission  | 2023-03-31 | 21          | J441
codes      | admission  | 2025-01-10 | 21          | I130
codes      | admission  | 2025-01-11 | 21          | J45X
codes      | admission  | 2025-01-12 | 21          | I131
codes      | admission  | 2025-01-13 | 21          | S720
codes      | admission  | 2025-01-14 | 21          |
codes      | admission  | 2025-01-15 | 11          | J441
codes      | diagnosis  | 2025-01-13 |             | J441
groups     | admission  | 2023-06-01 | 21          | L031
groups     | admission  | 2023-06-02 | 21          | L039
groups     | admission  | 2023-07-01 | 21          | J181
groups     | admission  | 2024-07-01 | 21          | I501
uncovered  | admission  | 2025-01-10 | 21          | J441
"""


def test_primary_diagnosis_of_an_emergency(expect):
    """Only emergency admissions count, and only by their primary diagnosis; one not coded yet does not count."""
    expect(
        features="ambulatory_care_sensitive_admissions",
        on="2025-04-01",
        rows="""
        person_key | ambulatory_care_sensitive_admissions_12m | ambulatory_care_sensitive_admissions_24m
        edges      | 2                                        | 4
        codes      | 2                                        | 2
        groups     | 1                                        | 4
        nobody     | 0                                        | 0
        uncovered  |                                          |
        """,
    )


def test_groups(expect):
    """Cellulitis is acute, pneumonia can be prevented by a vaccine, heart failure and COPD are chronic."""
    expect(
        features="ambulatory_care_sensitive_admissions",
        on="2025-04-01",
        rows="""
        person_key | ambulatory_care_sensitive_acute_24m | ambulatory_care_sensitive_chronic_24m
        edges      | 0                                   | 4
        codes      | 0                                   | 2
        groups     | 2                                   | 1
        nobody     | 0                                   | 0
        uncovered  |                                     |
        """,
    )
    expect(
        features="ambulatory_care_sensitive_admissions",
        on="2025-04-01",
        rows="""
        person_key | ambulatory_care_sensitive_vaccine_preventable_24m
        edges      | 0
        codes      | 0
        groups     | 1
        nobody     | 0
        uncovered  |
        """,
    )
