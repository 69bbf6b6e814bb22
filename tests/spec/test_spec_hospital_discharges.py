"""Who is in hospital now, and how the stay ended that ended last. Who came for the day has not been discharged from
anything."""

title = "In hospital now, and the latest discharge"

cohort = """
person_key  | is_acute_covered
edges       | yes
still_in    | yes
left_open   | yes
transferred | yes
planned     | yes
day_case    | yes
for_the_day | yes
sent_home   | yes
nobody      | yes
uncovered   | no
"""

event = """
person_key  | event_type | event_date | end_date   | method_code | class_code
edges       | admission  | 2025-04-01 |            | 21          | 1
edges       | admission  | 2025-03-30 | 2025-03-31 | 21          | 1
edges       | admission  | 2025-03-31 | 2025-03-31 | 21          | 1
edges       | admission  | 2025-02-27 | 2025-02-28 | 21          | 1
edges       | admission  | 2025-02-28 | 2025-03-01 | 21          | 1
edges       | admission  | 2025-03-01 | 2025-03-01 | 21          | 1
still_in    | admission  | 2025-03-20 | 2025-04-01 | 21          | 1
still_in    | admission  | 2025-01-01 | 2025-01-11 | 21          | 1
left_open   | admission  | 2024-11-01 |            | 21          | 1
left_open   | admission  | 2025-02-01 | 2025-02-03 | 12          | 1
transferred | admission  | 2025-02-01 | 2025-03-05 | 21          | 1
transferred | admission  | 2025-03-01 | 2025-03-05 | 2B          | 1
planned     | admission  | 2025-03-10 | 2025-03-12 | 11          | 1
day_case    | admission  | 2025-03-10 | 2025-03-10 | 11          | 2
for_the_day | admission  | 2025-02-10 | 2025-02-12 | 11          | 1
for_the_day | admission  | 2025-03-10 | 2025-03-10 | 12          |
for_the_day | admission  | 2025-03-11 | 2025-03-11 | 13          | 1
sent_home   | admission  | 2025-03-10 | 2025-03-10 | 21          |
uncovered   | admission  | 2025-03-30 |            | 21          | 1
"""


def test_in_hospital(expect):
    """A stay that ends on the index date is not over on it. One left open that a later stay follows does not count."""
    expect(
        features="hospital_discharges",
        on="2025-04-01",
        rows="""
        person_key  | is_in_hospital | emergency_discharges_1m
        edges       | no             | 4
        still_in    | yes            | 0
        left_open   | no             | 0
        transferred | no             | 1
        planned     | no             | 0
        day_case    | no             | 0
        for_the_day | no             | 0
        sent_home   | no             | 1
        nobody      | no             | 0
        uncovered   |                |
        """,
    )


def test_the_latest_discharge(expect):
    """Several stays that ended on one day are one discharge: the longest of them, an emergency if one of them was.

    A planned stay without a night is a day case also where nobody classified it; an emergency without one is a stay.
    """
    expect(
        features="hospital_discharges",
        on="2025-04-01",
        rows="""
        person_key  | discharge_days_since | latest_stay_nights | is_latest_stay_emergency
        edges       | 1                    | 1                  | yes
        still_in    | 80                   | 10                 | yes
        left_open   | 57                   | 2                  | no
        transferred | 27                   | 32                 | yes
        planned     | 20                   | 2                  | no
        day_case    |                      |                    | no
        for_the_day | 48                   | 2                  | no
        sent_home   | 22                   | 0                  | yes
        nobody      |                      |                    | no
        uncovered   |                      |                    |
        """,
    )
