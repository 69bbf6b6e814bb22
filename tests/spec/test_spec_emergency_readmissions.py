"""An emergency admission is a readmission when an earlier stay ended on the day it began or within 29 days before it.
Day cases are no earlier stay; a planned stay over night is."""

title = "Emergency readmissions within 30 days"

cohort = """
person_key  | is_acute_covered
edges       | yes
days        | yes
chain       | yes
first_kinds | yes
same_day    | yes
nobody      | yes
uncovered   | no
"""

event = """
person_key  | event_type | event_date | end_date   | method_code | class_code
edges       | admission  | 2025-03-20 | 2025-03-25 | 21          | 1
edges       | admission  | 2025-03-31 | 2025-03-31 | 21          | 1
edges       | admission  | 2025-04-01 |            | 21          | 1
edges       | admission  | 2024-03-20 | 2024-03-25 | 21          | 1
edges       | admission  | 2024-03-31 | 2024-03-31 | 21          | 1
edges       | admission  | 2024-04-01 | 2024-04-01 | 21          | 1
edges       | admission  | 2023-03-20 | 2023-03-25 | 21          | 1
edges       | admission  | 2023-03-31 | 2023-03-31 | 21          | 1
edges       | admission  | 2023-04-01 | 2023-04-01 | 21          | 1
days        | admission  | 2024-06-01 | 2024-06-02 | 21          | 1
days        | admission  | 2024-07-01 | 2024-07-02 | 21          | 1
days        | admission  | 2024-08-01 | 2024-08-02 | 21          | 1
chain       | admission  | 2025-02-01 | 2025-02-05 | 21          | 1
chain       | admission  | 2025-02-05 | 2025-02-06 | 22          | 1
chain       | admission  | 2025-02-10 | 2025-02-11 | 11          | 1
chain       | admission  | 2025-02-12 | 2025-02-14 | 2A          | 1
first_kinds | admission  | 2025-01-10 | 2025-01-10 | 12          | 2
first_kinds | admission  | 2025-01-20 | 2025-01-21 | 21          | 1
first_kinds | admission  | 2024-10-10 | 2024-10-12 | 13          | 1
first_kinds | admission  | 2024-10-20 | 2024-10-21 | 21          |
first_kinds | admission  | 2024-05-01 |            | 21          | 1
first_kinds | admission  | 2024-05-05 | 2024-05-06 | 21          | 1
same_day    | admission  | 2025-02-01 | 2025-02-01 | 21          | 1
same_day    | admission  | 2025-02-01 | 2025-02-03 | 2A          | 1
uncovered   | admission  | 2025-02-01 | 2025-02-03 | 21          | 1
uncovered   | admission  | 2025-02-05 | 2025-02-06 | 21          | 1
"""


def test_readmissions(expect):
    """29 days after the end count, 30 do not; a readmission counts once, and by the day it begins.

    Two stays that began on one day are not each other's readmission, and a stay that never ended has none after it.
    """
    expect(
        features="emergency_readmissions",
        on="2025-04-01",
        rows="""
        person_key  | emergency_readmissions_30d_12m | emergency_readmissions_30d_24m
        edges       | 2                              | 4
        days        | 1                              | 1
        chain       | 2                              | 2
        first_kinds | 1                              | 1
        same_day    | 0                              | 0
        nobody      | 0                              | 0
        uncovered   |                                |
        """,
    )


def test_a_day_later(expect):
    """The readmission on the index date is seen a day later; those of the first days of the windows fall out."""
    expect(
        features="emergency_readmissions",
        on="2025-04-02",
        rows="""
        person_key  | emergency_readmissions_30d_12m | emergency_readmissions_30d_24m
        edges       | 2                              | 4
        days        | 1                              | 1
        chain       | 2                              | 2
        first_kinds | 1                              | 1
        same_day    | 0                              | 0
        nobody      | 0                              | 0
        uncovered   |                                |
        """,
    )
