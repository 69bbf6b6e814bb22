"""The latest believable measurement of the last 24 months. Units are converted where the list says how; a value
in an unlisted unit or outside the bounds is not read. Of several on one day the worrying end is kept: the
higher pressure, the lower of the others."""

title = "Measurements"

cohort = """
person_key | is_gp_covered
edges      | yes
oldest     | yes
same_day   | yes
units      | yes
bounds     | yes
nobody     | yes
uncovered  | no
"""

event = """
person_key | event_type | event_date | code             | value_number | value_unit
edges      | gp_code    | 2025-04-01 | 271649006        | 190          | mmHg
edges      | gp_code    | 2025-03-31 | 271649006        | 151          | mmHg
edges      | gp_code    | 2025-03-30 | 271649006        | 120          | mmHg
edges      | gp_code    | 2025-04-01 | 60621009         | 40           | kg/m2
edges      | gp_code    | 2025-04-01 | 1011481000000105 | 12           | mL/min/1.73m2
edges      | gp_code    | 2025-04-01 | 1022431000000105 | 70           | g/L
oldest     | gp_code    | 2023-04-01 | 271649006        | 140          | mmHg
oldest     | gp_code    | 2023-03-31 | 60621009         | 31           | kg/m2
oldest     | gp_code    | 2023-04-01 | 1011481000000105 | 44           | mL/min/1.73m2
oldest     | gp_code    | 2023-03-31 | 1022431000000105 | 101          | g/L
same_day   | gp_code    | 2025-01-01 | 271649006        | 139          | mmHg
same_day   | gp_code    | 2025-01-01 | 271649006        | 162          | mmHg
same_day   | gp_code    | 2025-01-01 | 60621009         | 27.5         | kg/m2
same_day   | gp_code    | 2025-01-01 | 60621009         | 26.25        | kg/m2
same_day   | gp_code    | 2025-01-01 | 1011481000000105 | 58           | mL/min/1.73m2
same_day   | gp_code    | 2025-01-01 | 1011481000000105 | 61           | mL/min/1.73m2
same_day   | gp_code    | 2025-01-01 | 1022431000000105 | 118          | g/L
same_day   | gp_code    | 2025-01-01 | 1022431000000105 | 121          | g/L
units      | gp_code    | 2025-01-01 | 271649006        | 133          | mm[Hg]
units      | gp_code    | 2025-01-01 | 60621009         | 22           |
units      | gp_code    | 2025-01-01 | 1011481000000105 | 90           | furlong
units      | gp_code    | 2025-01-01 | 1022431000000105 | 13.5         | g/dL
bounds     | gp_code    | 2025-01-01 | 271649006        | 301          | mmHg
bounds     | gp_code    | 2024-12-01 | 271649006        | 300          | mmHg
bounds     | gp_code    | 2025-01-01 | 60621009         | 9.9          | kg/m2
bounds     | gp_code    | 2024-12-01 | 60621009         | 10           | kg/m2
bounds     | gp_code    | 2025-01-01 | 1011481000000105 | 250.5        | mL/min/1.73m2
bounds     | gp_code    | 2025-01-01 | 1022431000000105 | 13.5         | g/L
bounds     | gp_code    | 2025-01-01 | 1022431000000105 |              | g/L
uncovered  | gp_code    | 2025-01-01 | 271649006        | 140          | mmHg
"""


def test_latest_believable_value(expect):
    """The index date is not seen and the first day of the window is; null means nothing believable was
    measured.
    """
    expect(
        features="measurements",
        on="2025-04-01",
        rows="""
        person_key | systolic_pressure_mmhg | body_mass_index | egfr_ml_min | haemoglobin_g_l
        edges      | 151                    |                 |             |
        oldest     | 140                    |                 | 44          |
        same_day   | 162                    | 26.25           | 58          | 118
        units      | 133                    | 22              |             | 135
        bounds     | 300                    | 10              |             |
        nobody     |                        |                 |             |
        uncovered  |                        |                 |             |
        """,
    )
