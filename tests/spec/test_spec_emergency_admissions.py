"""Emergency admissions are counted by the day they begin, in windows that include their first day and never the
index date. Bed days are the nights inside the last twelve months, whenever the stay began; a stay that is not
over counts up to the index date."""

title = "Emergency admissions"

cohort = """
person_key  | is_acute_covered
near        | yes
far         | yes
methods     | yes
nights      | yes
months      | yes
nobody      | yes
uncovered   | no
"""

event = """
person_key | event_type | event_date | end_date   | method_code
near       | admission  | 2025-04-01 |            | 21
near       | admission  | 2025-03-31 |            | 21
near       | admission  | 2025-01-01 | 2025-01-01 | 22
near       | admission  | 2024-12-31 | 2024-12-31 | 23
far        | admission  | 2024-04-01 | 2024-04-01 | 24
far        | admission  | 2024-03-31 | 2024-03-31 | 25
far        | admission  | 2023-04-01 | 2023-04-01 | 28
far        | admission  | 2023-03-31 | 2023-03-31 | 2A
methods    | admission  | 2025-02-01 | 2025-02-01 | 2D
methods    | admission  | 2025-02-02 | 2025-02-02 | 2B
methods    | admission  | 2025-02-03 | 2025-02-03 | 2C
methods    | admission  | 2025-02-04 | 2025-02-04 | 11
methods    | admission  | 2025-02-05 | 2025-02-05 | 31
methods    | admission  | 2025-02-06 | 2025-02-06 |
methods    | attendance | 2025-02-07 | 2025-02-07 | 21
nights     | admission  | 2024-03-20 | 2024-04-05 | 21
nights     | admission  | 2024-08-01 | 2024-08-11 | 21
nights     | admission  | 2025-03-28 | 2025-04-03 | 21
months     | admission  | 2025-03-01 | 2025-03-01 | 21
months     | admission  | 2025-02-28 | 2025-02-28 | 21
months     | admission  | 2024-10-01 | 2024-10-01 | 21
months     | admission  | 2024-09-30 | 2024-09-30 | 21
uncovered  | admission  | 2025-02-01 | 2025-02-03 | 21
"""


def test_windows_and_methods(expect):
    """The first day of each window counts and the day before it does not; the index date is not seen.

    Only the listed methods start an emergency stay: not a transfer (2B), a birth (2C), an elective (11) or a
    maternity (31) one.
    """
    expect(
        features="emergency_admissions",
        on="2025-04-01",
        rows="""
        person_key | emergency_admissions_3m | emergency_admissions_12m | emergency_admissions_24m
        near       | 2                       | 3                        | 3
        far        | 0                       | 1                        | 3
        methods    | 1                       | 1                        | 1
        nights     | 1                       | 2                        | 3
        months     | 2                       | 4                        | 4
        nobody     | 0                       | 0                        | 0
        uncovered  |                         |                          |
        """,
    )


def test_short_windows(expect):
    """One month and six, with the same edges."""
    expect(
        features="emergency_admissions",
        on="2025-04-01",
        rows="""
        person_key | emergency_admissions_1m | emergency_admissions_6m
        near       | 1                       | 3
        far        | 0                       | 0
        methods    | 0                       | 1
        nights     | 1                       | 1
        months     | 1                       | 3
        nobody     | 0                       | 0
        uncovered  |                         |
        """,
    )


def test_nights(expect):
    """Nights before the window or on and after the index date do not count; a stay without an end is not over."""
    expect(
        features="emergency_admissions",
        on="2025-04-01",
        rows="""
        person_key | emergency_bed_days_12m
        near       | 1
        far        | 0
        methods    | 0
        nights     | 18
        months     | 0
        nobody     | 0
        uncovered  |
        """,
    )


def test_days_since(expect):
    """An admission on the as-of date, the day before the index date, was one day ago. There is no window."""
    expect(
        features="emergency_admissions",
        on="2025-04-01",
        rows="""
        person_key | emergency_admission_days_since
        near       | 1
        far        | 365
        methods    | 59
        nights     | 4
        months     | 31
        nobody     |
        uncovered  |
        """,
    )


def test_a_day_later_the_index_date_is_seen(expect):
    """The same people one day on: the admission that was on the index date now counts, and every window has moved."""
    expect(
        features="emergency_admissions",
        on="2025-04-02",
        rows="""
        person_key | emergency_admissions_3m | emergency_admissions_12m | emergency_admissions_24m
        near       | 2                       | 4                        | 4
        far        | 0                       | 0                        | 2
        methods    | 1                       | 1                        | 1
        nights     | 1                       | 2                        | 3
        months     | 2                       | 4                        | 4
        nobody     | 0                       | 0                        | 0
        uncovered  |                         |                          |
        """,
    )


def test_nights_a_day_later(expect):
    """Nights before the window fall out of it.

    A stay without an end that another now follows was left open by mistake, and vouches for its first day only.
    """
    expect(
        features="emergency_admissions",
        on="2025-04-02",
        rows="""
        person_key | emergency_bed_days_12m | emergency_admission_days_since
        near       | 1                      | 1
        far        | 0                      | 366
        methods    | 0                      | 60
        nights     | 18                     | 5
        months     | 0                      | 32
        nobody     | 0                      |
        uncovered  |                        |
        """,
    )
