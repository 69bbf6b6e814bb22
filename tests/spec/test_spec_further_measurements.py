"""The latest believable value of the last 24 months, as for the other measurements: listed units only, within bounds.
Of several on one day the worrying end is kept, the lower weight and the higher of the others."""

title = "Further measurements"

cohort = """
person_key | is_gp_covered
edges      | yes
oldest     | yes
same_day   | yes
units      | yes
bounds     | yes
days       | yes
nobody     | yes
uncovered  | no
"""

event = """
person_key | event_type | event_date | code             | value_number | value_unit
edges      | gp_code    | 2025-04-01 | 271650006        | 110          | mmHg
edges      | gp_code    | 2025-04-01 | 27113001         | 40           | kg
edges      | gp_code    | 2025-04-01 | 999791000000106  | 120          | mmol/mol
edges      | gp_code    | 2025-04-01 | 1005671000000105 | 9            | mmol/L
edges      | gp_code    | 2025-03-31 | 271650006        | 81           | mmHg
edges      | gp_code    | 2025-03-30 | 271650006        | 70           | mmHg
oldest     | gp_code    | 2023-04-01 | 27113001         | 71.5         | kg
oldest     | gp_code    | 2023-03-31 | 999791000000106  | 60           | mmol/mol
oldest     | gp_code    | 2023-04-01 | 1005671000000105 | 5.2          | mmol/L
same_day   | gp_code    | 2025-01-01 | 271650006        | 70           | mmHg
same_day   | gp_code    | 2025-01-01 | 271650006        | 95           | mm[Hg]
same_day   | gp_code    | 2025-01-01 | 27113001         | 70           | kg
same_day   | gp_code    | 2025-01-01 | 27113001         | 68           |
same_day   | gp_code    | 2025-01-01 | 999791000000106  | 48           | mmol/mol
same_day   | gp_code    | 2025-01-01 | 999791000000106  | 55           | mmol/mol
same_day   | gp_code    | 2025-01-01 | 1005671000000105 | 4            | mmol/L
same_day   | gp_code    | 2025-01-01 | 1005671000000105 | 6            | mmol/L
units      | gp_code    | 2025-01-01 | 999791000000106  | 7.5          | %
units      | gp_code    | 2025-01-01 | 27113001         | 11           | stone
bounds     | gp_code    | 2025-01-01 | 271650006        | 201          | mmHg
bounds     | gp_code    | 2024-12-01 | 271650006        | 200          | mmHg
bounds     | gp_code    | 2025-01-01 | 27113001         | 1.9          | kg
bounds     | gp_code    | 2024-12-01 | 27113001         | 2            | kg
days       | gp_code    | 2024-03-31 | 271649006        | 130          | mmHg
days       | gp_code    | 2024-04-01 | 271649006        | 130          | mmHg
days       | gp_code    | 2024-04-01 | 271650006        | 80           | mmHg
days       | gp_code    | 2025-01-01 | 1022431000000105 | 130          | g/L
uncovered  | gp_code    | 2025-01-01 | 271650006        | 80           | mmHg
"""


def test_latest_value_and_days_measured(expect):
    """The index date is not seen and the first day of each window is. Two measurements of one day are one day; what
    cannot be believed does not count as measured.
    """
    expect(
        features="further_measurements",
        on="2025-04-01",
        rows="""
        person_key | diastolic_pressure_mmhg | body_weight_kg | hba1c_mmol_mol | cholesterol_mmol_l
        edges      | 81                      |                |                |
        oldest     |                         | 71.5           |                | 5.2
        same_day   | 95                      | 68             | 55             | 6
        units      |                         |                |                |
        bounds     | 200                     | 2              |                |
        days       | 80                      |                |                |
        nobody     |                         |                |                |
        uncovered  |                         |                |                |
        """,
    )
    expect(
        features="further_measurements",
        on="2025-04-01",
        rows="""
        person_key | measurement_days_since | measurement_days_12m
        edges      | 1                      | 2
        oldest     | 731                    | 0
        same_day   | 90                     | 1
        units      |                        | 0
        bounds     | 121                    | 1
        days       | 90                     | 2
        nobody     |                        | 0
        uncovered  |                        |
        """,
    )
