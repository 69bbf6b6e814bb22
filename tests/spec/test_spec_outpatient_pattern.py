"""What outpatient appointments of the last twelve months were for and what became of them. Appointments that lie ahead
are no events yet, and administrative ones (first attendance code 5) nobody attends."""

title = "What outpatient appointments were for and what became of them"

cohort = """
person_key  | is_outpatient_covered
edges       | yes
specialties | yes
fates       | yes
missed_all  | yes
ahead       | yes
nobody      | yes
uncovered   | no
"""

event = """
person_key  | event_type             | event_date | status_code | class_code | method_code | detail
edges       | outpatient_appointment | 2025-04-01 | 5           | 1          | 2           | 320
edges       | outpatient_appointment | 2025-03-31 | 5           | 1          | 2           | 330
edges       | outpatient_appointment | 2024-04-01 | 5           | 3          | 3           | 340
edges       | outpatient_appointment | 2024-03-31 | 5           | 1          | 2           | 350
specialties | outpatient_appointment | 2024-06-01 | 5           | 2          | 1           | 320
specialties | outpatient_appointment | 2024-07-01 | 6           | 4          | 1           | 320
specialties | outpatient_appointment | 2024-08-01 | 3           | 2          | 1           | 430
fates       | outpatient_appointment | 2024-06-01 | 5           | 2          |             | 110
fates       | outpatient_appointment | 2024-06-02 | 2           | 2          | 2           | 110
fates       | outpatient_appointment | 2024-06-03 | 4           | 2          | 1           | 110
fates       | outpatient_appointment | 2024-06-04 | 7           | 2          | 1           | 110
fates       | outpatient_appointment | 2024-06-05 | 3           |            | 1           | 110
fates       | outpatient_appointment | 2024-06-06 | 5           | 5          | 2           | 301
missed_all  | outpatient_appointment | 2024-06-01 | 3           |            | 1           | 110
ahead       | outpatient_appointment | 2025-03-01 | 0           | 1          | 2           | 110
uncovered   | outpatient_appointment | 2024-06-01 | 5           | 1          | 2           | 110
"""


def test_what_they_were_for(expect):
    """First appointments are those in person (1) and by telephone (3); a specialty counts when it saw the person.

    Urgent (2) and two-week-wait (3) referrals count whatever became of the appointment.
    """
    expect(
        features="outpatient_pattern",
        on="2025-04-01",
        rows="""
        person_key  | outpatient_specialties_distinct_12m | outpatient_first_attendances_12m | outpatient_urgent_12m
        edges       | 2                                   | 2                                | 2
        specialties | 1                                   | 0                                | 0
        fates       | 1                                   | 0                                | 1
        missed_all  | 0                                   | 0                                | 0
        ahead       | 0                                   | 0                                | 1
        nobody      | 0                                   | 0                                | 0
        uncovered   |                                     |                                  |
        """,
    )


def test_what_became_of_them(expect):
    """Cancelled by either side counts as cancelled; the share that did not attend is of those attended or missed."""
    expect(
        features="outpatient_pattern",
        on="2025-04-01",
        rows="""
        person_key  | outpatient_cancelled_12m | outpatient_did_not_attend_pct_12m
        edges       | 0                        | 0
        specialties | 0                        | 33.333333333333336
        fates       | 2                        | 50
        missed_all  | 0                        | 100
        ahead       | 0                        |
        nobody      | 0                        |
        uncovered   |                          |
        """,
    )
