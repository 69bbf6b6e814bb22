"""Deficits are counted once each, ever; five medicines issued lately are one more. The bands are those of the published
index: 5 deficits of 36 are the first above 0.12, 9 the first above 0.24, 13 the first above 0.36."""

title = "Deficits in the manner of the electronic Frailty Index"

cohort = """
person_key | is_gp_covered
edges      | yes
four       | yes
five       | yes
eight      | yes
nine       | yes
twelve     | yes
thirteen   | yes
medicines  | yes
nobody     | yes
uncovered  | no
"""

event = """
person_key | event_type    | event_date | code      | detail
edges      | gp_code       | 2025-04-01 | 267036007 |
edges      | gp_code       | 2025-03-31 | 404640003 |
edges      | gp_code       | 2024-04-01 | 161898004 |
edges      | gp_code       | 2024-03-31 | 46742003  |
edges      | gp_code       | 2025-03-31 | 46742003  |
four       | gp_code       | 2020-01-01 | 271737000 |
four       | gp_code       | 2020-01-01 | 3723001   |
four       | gp_code       | 2020-01-01 | 69896004  |
four       | gp_code       | 2020-01-01 | 48167000  |
four       | gp_code       | 2020-01-01 | 404640003 |
five       | gp_code       | 2020-01-01 | 271737000 |
five       | gp_code       | 2020-01-01 | 3723001   |
five       | gp_code       | 2020-01-01 | 48167000  |
five       | gp_code       | 2020-01-01 | 404640003 |
five       | gp_code       | 2020-01-01 | 267036007 |
eight      | gp_code       | 2020-01-01 | 271737000 |
eight      | gp_code       | 2020-01-01 | 3723001   |
eight      | gp_code       | 2020-01-01 | 48167000  |
eight      | gp_code       | 2020-01-01 | 404640003 |
eight      | gp_code       | 2020-01-01 | 267036007 |
eight      | gp_code       | 2020-01-01 | 161898004 |
eight      | gp_code       | 2020-01-01 | 15188001  |
eight      | gp_code       | 2020-01-01 | 8510008   |
nine       | gp_code       | 2020-01-01 | 271737000 |
nine       | gp_code       | 2020-01-01 | 3723001   |
nine       | gp_code       | 2020-01-01 | 48167000  |
nine       | gp_code       | 2020-01-01 | 404640003 |
nine       | gp_code       | 2020-01-01 | 267036007 |
nine       | gp_code       | 2020-01-01 | 161898004 |
nine       | gp_code       | 2020-01-01 | 15188001  |
nine       | gp_code       | 2020-01-01 | 8510008   |
nine       | gp_code       | 2020-01-01 | 46742003  |
twelve     | gp_code       | 2020-01-01 | 271737000 |
twelve     | gp_code       | 2020-01-01 | 3723001   |
twelve     | gp_code       | 2020-01-01 | 48167000  |
twelve     | gp_code       | 2020-01-01 | 404640003 |
twelve     | gp_code       | 2020-01-01 | 267036007 |
twelve     | gp_code       | 2020-01-01 | 161898004 |
twelve     | gp_code       | 2020-01-01 | 15188001  |
twelve     | gp_code       | 2020-01-01 | 8510008   |
twelve     | gp_code       | 2020-01-01 | 46742003  |
twelve     | gp_code       | 2020-01-01 | 193462001 |
twelve     | gp_code       | 2020-01-01 | 165232002 |
twelve     | gp_code       | 2020-01-01 | 7973008   |
thirteen   | gp_code       | 2020-01-01 | 271737000 |
thirteen   | gp_code       | 2020-01-01 | 3723001   |
thirteen   | gp_code       | 2020-01-01 | 48167000  |
thirteen   | gp_code       | 2020-01-01 | 404640003 |
thirteen   | gp_code       | 2020-01-01 | 267036007 |
thirteen   | gp_code       | 2020-01-01 | 161898004 |
thirteen   | gp_code       | 2020-01-01 | 15188001  |
thirteen   | gp_code       | 2020-01-01 | 8510008   |
thirteen   | gp_code       | 2020-01-01 | 46742003  |
thirteen   | gp_code       | 2020-01-01 | 193462001 |
thirteen   | gp_code       | 2020-01-01 | 165232002 |
thirteen   | gp_code       | 2020-01-01 | 7973008   |
thirteen   | gp_code       | 2020-01-01 | 89362005  |
medicines  | gp_medication | 2025-03-31 |           | 0106
medicines  | gp_medication | 2024-10-01 |           | 0202
medicines  | gp_medication | 2024-10-01 |           | 0205
medicines  | gp_medication | 2024-10-01 |           | 0212
medicines  | gp_medication | 2024-10-01 |           | 0403
nobody     | gp_medication | 2025-04-01 |           | 0403
nobody     | gp_medication | 2025-03-31 |           | 0106
nobody     | gp_medication | 2024-10-01 |           | 0202
nobody     | gp_medication | 2024-10-01 |           | 0205
nobody     | gp_medication | 2024-10-01 |           | 0212
nobody     | gp_medication | 2024-10-01 |           |
nobody     | gp_medication | 2024-09-30 |           | 0407
uncovered  | gp_code       | 2025-03-01 | 161898004 |
"""


def test_deficits_bands_and_new_ones(expect):
    """A deficit is new when its first code is: the skin ulcer of `edges` was known a day too long. Five sections within
    six months are polypharmacy; an issue without a section, on the index date or a day too old is none of the five.
    """
    expect(
        features="frailty_deficits",
        on="2025-04-01",
        rows="""
        person_key | efi_style_deficits | efi_style_index      | efi_style_band | efi_style_deficits_new_12m
        edges      | 3                  | 0.08333333333333333  | 0              | 2
        four       | 4                  | 0.1111111111111111   | 0              | 0
        five       | 5                  | 0.1388888888888889   | 1              | 0
        eight      | 8                  | 0.2222222222222222   | 1              | 0
        nine       | 9                  | 0.25                 | 2              | 0
        twelve     | 12                 | 0.3333333333333333   | 2              | 0
        thirteen   | 13                 | 0.3611111111111111   | 3              | 0
        medicines  | 1                  | 0.027777777777777776 | 0              | 0
        nobody     | 0                  | 0                    | 0              | 0
        uncovered  |                    |                      |                |
        """,
    )
