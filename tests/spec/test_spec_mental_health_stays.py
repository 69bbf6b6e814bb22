"""Stays in mental health hospitals. They are not admissions to a general hospital, and no outcome counts them."""

title = "Stays in mental health hospitals"

cohort = """
person_key | is_mental_health_covered
edges      | yes
inpatient  | yes
ends_today | yes
planned    | yes
left_open  | yes
still_in   | yes
general    | yes
nobody     | yes
uncovered  | no
"""

event = """
person_key | event_type              | event_date | end_date   | method_code
edges      | mental_health_admission | 2025-04-01 |            | 21
edges      | mental_health_admission | 2025-03-31 | 2025-03-31 | 21
edges      | mental_health_admission | 2023-04-01 | 2023-05-01 | 25
edges      | mental_health_admission | 2023-03-31 | 2023-04-01 | 21
inpatient  | mental_health_admission | 2022-03-01 |            | 21
ends_today | mental_health_admission | 2025-02-01 | 2025-04-01 | 28
planned    | mental_health_admission | 2024-06-01 | 2024-07-01 | 11
left_open  | mental_health_admission | 2021-03-01 |            | 21
left_open  | mental_health_admission | 2024-06-01 | 2024-07-01 | 11
still_in   | mental_health_admission | 2025-03-01 |            | 21
still_in   | admission               | 2025-03-10 | 2025-03-12 | 21
general    | admission               | 2024-06-01 | 2024-07-01 | 21
uncovered  | mental_health_admission | 2024-06-01 | 2024-07-01 | 21
"""


def test_stays(expect):
    """Counted by the day they begin; one that ends on the index date is not over on it."""
    expect(
        features="mental_health_stays",
        on="2025-04-01",
        rows="""
        person_key | mental_health_admissions_24m | mental_health_emergency_admissions_24m
        edges      | 2                            | 2
        inpatient  | 0                            | 0
        ends_today | 1                            | 1
        planned    | 1                            | 0
        left_open  | 1                            | 0
        still_in   | 1                            | 1
        general    | 0                            | 0
        nobody     | 0                            | 0
        uncovered  |                              |
        """,
    )
    expect(
        features="mental_health_stays",
        on="2025-04-01",
        rows="""
        person_key | is_mental_health_inpatient | mental_health_discharge_days_since
        edges      | no                         | 1
        inpatient  | yes                        |
        ends_today | yes                        |
        planned    | no                         | 274
        left_open  | no                         | 274
        still_in   | yes                        |
        general    | no                         |
        nobody     | no                         |
        uncovered  |                            |
        """,
    )
