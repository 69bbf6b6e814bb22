"""Admissions as a mother before or after a birth (31, 32), and the admission that is the person's own birth."""

title = "Maternity and birth"

cohort = """
person_key | is_acute_covered
edges      | yes
after      | yes
born       | yes
at_home    | yes
nobody     | yes
uncovered  | no
"""

event = """
person_key | event_type | event_date | end_date   | method_code
edges      | admission  | 2025-04-01 |            | 31
edges      | admission  | 2025-03-31 | 2025-03-31 | 31
edges      | admission  | 2024-04-01 | 2024-04-02 | 32
edges      | admission  | 2024-03-31 | 2024-04-02 | 31
after      | admission  | 2024-12-01 | 2024-12-02 | 21
born       | admission  | 2024-12-01 | 2024-12-02 | 82
at_home    | admission  | 2024-12-01 | 2024-12-01 | 2C
uncovered  | admission  | 2024-12-01 | 2024-12-02 | 31
"""


def test_mothers_and_babies(expect):
    """An emergency admission is neither; a baby born at home as intended (2C) is one too."""
    expect(
        features="maternity",
        on="2025-04-01",
        rows="""
        person_key | maternity_admissions_12m | has_birth_record_12m
        edges      | 2                        | no
        after      | 0                        | no
        born       | 0                        | yes
        at_home    | 0                        | yes
        nobody     | 0                        | no
        uncovered  |                          |
        """,
    )
