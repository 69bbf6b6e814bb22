"""Outpatient appointments that were attended (5 in time, 6 late but seen) and those missed without warning (3), in
person or remote. Administrative events (first attendance code 5) are not counted, nor are appointments that lie
ahead (0)."""

title = "Outpatient appointments"

cohort = """
person_key | is_outpatient_covered
edges      | yes
missed     | yes
statuses   | yes
admin      | yes
nobody     | yes
uncovered  | no
"""

event = """
person_key | event_type             | event_date | status_code | class_code
edges      | outpatient_appointment | 2025-04-01 | 5           | 2
edges      | outpatient_appointment | 2025-03-31 | 5           | 1
edges      | outpatient_appointment | 2025-01-01 | 5           | 2
edges      | outpatient_appointment | 2024-12-31 | 5           | 2
edges      | outpatient_appointment | 2024-04-01 | 6           | 4
edges      | outpatient_appointment | 2024-03-31 | 5           | 2
missed     | outpatient_appointment | 2025-04-01 | 3           |
missed     | outpatient_appointment | 2025-03-31 | 3           |
missed     | outpatient_appointment | 2024-04-01 | 3           | 1
missed     | outpatient_appointment | 2024-03-31 | 3           | 1
statuses   | outpatient_appointment | 2025-02-01 | 0           |
statuses   | outpatient_appointment | 2025-02-02 | 2           |
statuses   | outpatient_appointment | 2025-02-03 | 4           |
statuses   | outpatient_appointment | 2025-02-04 | 7           |
statuses   | outpatient_appointment | 2025-02-05 |             |
statuses   | outpatient_appointment | 2020-02-05 | 5           |
admin      | outpatient_appointment | 2025-03-01 | 5           | 5
uncovered  | outpatient_appointment | 2025-03-01 | 5           | 2
"""


def test_attended_appointments(expect):
    """The index date is not seen, the first day of each window is; days since counts attended appointments of any
    age.
    """
    expect(
        features="outpatient_appointments",
        on="2025-04-01",
        rows="""
        person_key | outpatient_attendances_3m | outpatient_attendances_12m | outpatient_attendance_days_since
        edges      | 2                         | 4                          | 1
        missed     | 0                         | 0                          |
        statuses   | 0                         | 0                          | 1882
        admin      | 0                         | 0                          |
        nobody     | 0                         | 0                          |
        uncovered  |                           |                            |
        """,
    )


def test_missed_appointments(expect):
    """Only those missed without warning, in a window with the same edges."""
    expect(
        features="outpatient_appointments",
        on="2025-04-01",
        rows="""
        person_key | outpatient_did_not_attend_12m
        edges      | 0
        missed     | 2
        statuses   | 0
        admin      | 0
        nobody     | 0
        uncovered  |
        """,
    )
