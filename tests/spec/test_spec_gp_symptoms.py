"""Days with a symptom coded within a year. Two codes of one symptom on one day are one day."""

title = "Symptoms and signs coded in general practice"

cohort = """
person_key | is_gp_covered
edges      | yes
each       | yes
same_day   | yes
nobody     | yes
uncovered  | no
"""

event = """
person_key | event_type | event_date | code
edges      | gp_code    | 2025-04-01 | 267036007
edges      | gp_code    | 2025-03-31 | 68566005
edges      | gp_code    | 2024-04-01 | 68566005
edges      | gp_code    | 2024-03-31 | 68566005
each       | gp_code    | 2024-06-01 | 267036007
each       | gp_code    | 2024-06-01 | 404640003
each       | gp_code    | 2024-06-01 | 68566005
each       | gp_code    | 2024-06-01 | 89362005
each       | gp_code    | 2024-06-01 | 46742003
each       | gp_code    | 2024-06-01 | 48167000
each       | gp_code    | 2024-06-01 | 8510008
each       | gp_code    | 2024-06-01 | 48694002
each       | gp_code    | 2024-06-01 | 165232002
each       | gp_code    | 2024-06-01 | 84229001
same_day   | gp_code    | 2024-06-01 | 267036007
same_day   | gp_code    | 2024-06-01 | 60845006
same_day   | gp_code    | 2024-06-02 | 60845006
same_day   | gp_code    | 2024-06-02 | 49727002
uncovered  | gp_code    | 2024-06-01 | 267036007
"""


def test_days_with_each_symptom(expect):
    """The index date is not seen, the first day of the year is. Incontinence and tiredness count among the kinds only;
    a cough is none of them.
    """
    expect(
        features="gp_symptoms",
        on="2025-04-01",
        rows="""
        person_key | breathlessness_days_12m | dizziness_or_syncope_days_12m | urinary_infection_days_12m
        edges      | 0                       | 0                             | 2
        each       | 1                       | 1                             | 1
        same_day   | 2                       | 0                             | 0
        nobody     | 0                       | 0                             | 0
        uncovered  |                         |                               |
        """,
    )
    expect(
        features="gp_symptoms",
        on="2025-04-01",
        rows="""
        person_key | weight_loss_days_12m | skin_ulcer_days_12m | memory_problem_days_12m | mobility_problem_days_12m
        edges      | 0                    | 0                   | 0                       | 0
        each       | 1                    | 1                   | 1                       | 1
        same_day   | 0                    | 0                   | 0                       | 0
        nobody     | 0                    | 0                   | 0                       | 0
        uncovered  |                      |                     |                         |
        """,
    )
    expect(
        features="gp_symptoms",
        on="2025-04-01",
        rows="""
        person_key | low_mood_or_sleep_days_12m | symptom_kinds_12m
        edges      | 0                          | 1
        each       | 1                          | 10
        same_day   | 0                          | 1
        nobody     | 0                          | 0
        uncovered  |                            |
        """,
    )
