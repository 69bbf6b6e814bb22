"""The latest value of the last twelve months minus the latest of the twelve before. Both years must hold a believable
value; of several on one day the end is taken that the latest values take."""

title = "How measurements changed"

cohort = """
person_key | is_gp_covered
edges      | yes
all        | yes
same_day   | yes
one_year   | yes
bounds     | yes
nobody     | yes
uncovered  | no
"""

event = """
person_key | event_type | event_date | code             | value_number | value_unit
edges      | gp_code    | 2025-04-01 | 271649006        | 190          | mmHg
edges      | gp_code    | 2025-03-31 | 271649006        | 150          | mmHg
edges      | gp_code    | 2024-03-31 | 271649006        | 140          | mmHg
edges      | gp_code    | 2024-03-30 | 271649006        | 100          | mmHg
edges      | gp_code    | 2024-04-01 | 1011481000000105 | 40           | mL/min/1.73m2
edges      | gp_code    | 2023-04-01 | 1011481000000105 | 60           | mL/min/1.73m2
edges      | gp_code    | 2024-04-01 | 1022431000000105 | 110          | g/L
edges      | gp_code    | 2023-03-31 | 1022431000000105 | 130          | g/L
all        | gp_code    | 2025-01-01 | 271649006        | 120          | mmHg
all        | gp_code    | 2024-01-01 | 271649006        | 130          | mmHg
all        | gp_code    | 2025-01-01 | 60621009         | 24.5         | kg/m2
all        | gp_code    | 2024-01-01 | 60621009         | 26           | kg/m2
all        | gp_code    | 2025-01-01 | 27113001         | 72           | kg
all        | gp_code    | 2024-01-01 | 27113001         | 80           | kg
all        | gp_code    | 2025-01-01 | 1022431000000105 | 11.5         | g/dL
all        | gp_code    | 2024-01-01 | 1022431000000105 | 128          | g/L
all        | gp_code    | 2025-01-01 | 999791000000106  | 64           | mmol/mol
all        | gp_code    | 2024-01-01 | 999791000000106  | 52           | mmol/mol
same_day   | gp_code    | 2025-01-01 | 271649006        | 120          | mmHg
same_day   | gp_code    | 2025-01-01 | 271649006        | 160          | mmHg
same_day   | gp_code    | 2024-01-01 | 271649006        | 130          | mmHg
same_day   | gp_code    | 2025-01-01 | 27113001         | 80           | kg
same_day   | gp_code    | 2025-01-01 | 27113001         | 75           | kg
same_day   | gp_code    | 2024-01-01 | 27113001         | 100          | kg
one_year   | gp_code    | 2025-01-01 | 271649006        | 120          | mmHg
one_year   | gp_code    | 2024-06-01 | 271649006        | 140          | mmHg
bounds     | gp_code    | 2025-01-01 | 271649006        | 301          | mmHg
bounds     | gp_code    | 2024-12-01 | 271649006        | 300          | mmHg
bounds     | gp_code    | 2024-01-01 | 271649006        | 50           | mmHg
uncovered  | gp_code    | 2025-01-01 | 271649006        | 120          | mmHg
uncovered  | gp_code    | 2024-01-01 | 271649006        | 130          | mmHg
"""


def test_this_year_against_the_year_before(expect):
    """The index date is not seen; the first day of the last year belongs to it, the day before to the year before,
    whose own first day counts and the day before that does not.
    """
    expect(
        features="measurement_changes",
        on="2025-04-01",
        rows="""
        person_key | systolic_pressure_change_mmhg | body_mass_index_change | body_weight_change_percent
        edges      | 10                            |                        |
        all        | -10                           | -1.5                   | -10
        same_day   | 30                            |                        | -25
        one_year   |                               |                        |
        bounds     | 250                           |                        |
        nobody     |                               |                        |
        uncovered  |                               |                        |
        """,
    )
    expect(
        features="measurement_changes",
        on="2025-04-01",
        rows="""
        person_key | egfr_change_ml_min | haemoglobin_change_g_l | hba1c_change_mmol_mol
        edges      | -20                |                        |
        all        |                    | -13                    | 12
        same_day   |                    |                        |
        one_year   |                    |                        |
        bounds     |                    |                        |
        nobody     |                    |                        |
        uncovered  |                    |                        |
        """,
    )
