"""Twenty conditions with published weights. Asthma and epilepsy count while they are treated, cancer for five years
from its first code, anxiety or depression when coded within a year or treated; pain and constipation are four issues
of the medicine in a year."""

title = "Cambridge Multimorbidity Score"

cohort = """
person_key | is_gp_covered
edges      | yes
dementia   | yes
sum        | yes
cancer     | yes
old_cancer | yes
asthma     | yes
untreated  | yes
mood       | yes
old_mood   | yes
issues     | yes
too_few    | yes
fits       | yes
no_fits    | yes
negative   | yes
nobody     | yes
uncovered  | no
"""

event = """
person_key | event_type    | event_date | code      | detail
edges      | gp_code       | 2025-04-01 | 52448006  |
edges      | gp_code       | 2025-03-31 | 84114007  |
dementia   | gp_code       | 1990-01-01 | 52448006  |
sum        | gp_code       | 2020-01-01 | 44054006  |
sum        | gp_code       | 2021-01-01 | 44054006  |
sum        | gp_code       | 2020-01-01 | 49436004  |
sum        | gp_code       | 2020-01-01 | 69896004  |
sum        | gp_code       | 2020-01-01 | 9631008   |
sum        | gp_code       | 2020-01-01 | 64859006  |
cancer     | gp_code       | 2020-04-01 | 254837009 |
old_cancer | gp_code       | 2020-03-31 | 254837009 |
old_cancer | gp_code       | 2025-03-01 | 254837009 |
asthma     | gp_code       | 2010-01-01 | 195967001 |
asthma     | gp_medication | 2024-04-01 |           | 0302
untreated  | gp_code       | 2010-01-01 | 195967001 |
untreated  | gp_medication | 2024-03-31 |           | 0302
untreated  | gp_medication | 2025-04-01 |           | 0302
mood       | gp_code       | 2024-04-01 | 35489007  |
mood       | gp_code       | 2024-06-01 | 48694002  |
old_mood   | gp_code       | 2024-03-31 | 35489007  |
issues     | gp_medication | 2024-04-01 |           | 0407
issues     | gp_medication | 2024-05-01 |           | 0407
issues     | gp_medication | 2024-06-01 |           | 0407
issues     | gp_medication | 2025-03-31 |           | 0407
issues     | gp_medication | 2024-06-01 |           | 0106
issues     | gp_medication | 2024-07-01 |           | 0106
issues     | gp_medication | 2024-08-01 |           | 0106
issues     | gp_medication | 2024-09-01 |           | 0106
issues     | gp_medication | 2024-06-01 |           | 0102
issues     | gp_medication | 2024-07-01 |           | 0102
issues     | gp_medication | 2024-08-01 |           | 0102
issues     | gp_medication | 2024-09-01 |           | 0102
issues     | gp_medication | 2024-06-01 |           | 0403
issues     | gp_medication | 2024-07-01 |           | 0403
issues     | gp_medication | 2024-08-01 |           | 0403
issues     | gp_medication | 2024-09-01 |           | 0403
too_few    | gp_medication | 2024-03-31 |           | 0407
too_few    | gp_medication | 2024-05-01 |           | 0407
too_few    | gp_medication | 2024-06-01 |           | 0407
too_few    | gp_medication | 2025-03-31 |           | 0407
too_few    | gp_medication | 2025-04-01 |           | 0407
fits       | gp_code       | 2015-01-01 | 84757009  |
fits       | gp_medication | 2024-06-01 |           | 0408
fits       | gp_medication | 2024-07-01 |           | 0408
fits       | gp_medication | 2024-08-01 |           | 0408
fits       | gp_medication | 2024-09-01 |           | 0408
no_fits    | gp_medication | 2024-06-01 |           | 0408
no_fits    | gp_medication | 2024-07-01 |           | 0408
no_fits    | gp_medication | 2024-08-01 |           | 0408
no_fits    | gp_medication | 2024-09-01 |           | 0408
negative   | gp_code       | 2020-01-01 | 38341003  |
negative   | gp_code       | 2020-01-01 | 15188001  |
uncovered  | gp_code       | 2020-01-01 | 52448006  |
"""


def test_conditions_and_weights(expect):
    """Weights as published: heart failure 1.18, dementia 2.50, diabetes 0.75 with atrial fibrillation 1.34 and a
    connective tissue disorder 0.43, two codes of which are one. Cancer counts from the first day of its five years.
    `fits` is treated epilepsy and no pain, `no_fits` the other way round. A few mortality weights are negative.
    """
    expect(
        features="cambridge_multimorbidity",
        on="2025-04-01",
        rows="""
        person_key | cambridge_conditions | cambridge_general_score | cambridge_mortality_score
        edges      | 1                    | 1.18                    | 43.47
        dementia   | 1                    | 2.5                     | 124.42
        sum        | 3                    | 2.52                    | 31.98
        cancer     | 1                    | 1.53                    | 62
        old_cancer | 0                    | 0                       | 0
        asthma     | 1                    | 0.19                    | -2.73
        untreated  | 0                    | 0                       | 0
        mood       | 1                    | 0.5                     | 7.04
        old_mood   | 0                    | 0                       | 0
        issues     | 4                    | 2.75                    | 57.59
        too_few    | 0                    | 0                       | 0
        fits       | 1                    | 0.92                    | 18.26
        no_fits    | 1                    | 0.92                    | 16.46
        negative   | 2                    | 0.17                    | -6.03
        nobody     | 0                    | 0                       | 0
        uncovered  |                      |                         |
        """,
    )
