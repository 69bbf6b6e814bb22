"""Emergency admissions whose primary diagnosis is one that care in the community can often keep out of
hospital. The list holds ICD-10 prefixes: J44 takes in J441, while I130 does not take in I131."""

title = "Ambulatory care sensitive admissions"

cohort = """
person_key | is_acute_covered
edges      | yes
codes      | yes
nobody     | yes
uncovered  | no
"""

event = """
person_key | event_type | event_date | method_code | code
edges      | admission  | 2025-04-01 | 21          | J441
edges      | admission  | 2025-03-31 | 21          | J441
edges      | admission  | 2024-04-01 | 21          | J441
edges      | admission  | 2024-03-31 | 21          | J441
codes      | admission  | 2025-01-10 | 21          | I130
codes      | admission  | 2025-01-11 | 21          | J45X
codes      | admission  | 2025-01-12 | 21          | I131
codes      | admission  | 2025-01-13 | 21          | S720
codes      | admission  | 2025-01-14 | 21          |
codes      | admission  | 2025-01-15 | 11          | J441
codes      | diagnosis  | 2025-01-13 |             | J441
uncovered  | admission  | 2025-01-10 | 21          | J441
"""


def test_window_and_codes(expect):
    """Only emergency admissions count, and only by their primary diagnosis; one that is not coded yet does
    not count.
    """
    expect(
        features="ambulatory_care_sensitive_admissions",
        on="2025-04-01",
        rows="""
        person_key | ambulatory_care_sensitive_admissions_12m
        edges      | 2
        codes      | 2
        nobody     | 0
        uncovered  |
        """,
    )
