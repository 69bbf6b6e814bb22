"""A condition counts from the day its code was first recorded, for ever: codes that say it is resolved are not
looked at. Only the GP record is read."""

title = "Long-term conditions"

cohort = """
person_key | is_gp_covered
all        | yes
edge       | yes
later      | yes
both       | yes
nobody     | yes
uncovered  | no
"""

event = """
person_key | event_type | event_date | code
all        | gp_code    | 2010-01-01 | 49436004
all        | gp_code    | 2010-01-01 | 195967001
all        | gp_code    | 2010-01-01 | 254837009
all        | gp_code    | 2010-01-01 | 53741008
all        | gp_code    | 2010-01-01 | 433144002
all        | gp_code    | 2010-01-01 | 13645005
all        | gp_code    | 2010-01-01 | 52448006
all        | gp_code    | 2010-01-01 | 35489007
all        | gp_code    | 2010-01-01 | 44054006
all        | gp_code    | 2010-01-01 | 84114007
all        | gp_code    | 2010-01-01 | 38341003
all        | gp_code    | 2010-01-01 | 191526005
all        | gp_code    | 2010-01-01 | 230690007
edge       | gp_code    | 2025-03-31 | 84114007
later      | gp_code    | 2025-04-01 | 84114007
later      | gp_code    |            | 13645005
later      | diagnosis  | 2025-01-01 | 52448006
both       | gp_code    | 2015-01-01 | 13645005
both       | gp_code    | 2020-01-01 | 13645005
uncovered  | gp_code    | 2015-01-01 | 13645005
"""


def test_heart_lungs_and_cancer(expect):
    """Each condition by a code of its own; a code on the index date, or without a date, is not seen."""
    expect(
        features="long_term_conditions",
        on="2025-04-01",
        rows="""
        person_key | has_atrial_fibrillation | has_asthma | has_cancer | has_coronary_heart_disease
        all        | yes                     | yes        | yes        | yes
        edge       | no                      | no         | no         | no
        later      | no                      | no         | no         | no
        both       | no                      | no         | no         | no
        nobody     | no                      | no         | no         | no
        uncovered  |                         |            |            |
        """,
    )


def test_kidneys_lungs_and_mind(expect):
    """Two codes of one condition are one condition."""
    expect(
        features="long_term_conditions",
        on="2025-04-01",
        rows="""
        person_key | has_chronic_kidney_disease | has_copd | has_dementia | has_depression | long_term_condition_count
        all        | yes                        | yes      | yes          | yes            | 13
        edge       | no                         | no       | no           | no             | 1
        later      | no                         | no       | no           | no             | 0
        both       | no                         | yes      | no           | no             | 1
        nobody     | no                         | no       | no           | no             | 0
        uncovered  |                            |          |              |                |
        """,
    )


def test_metabolism_failure_and_pressure(expect):
    """The day before the index date is the last that counts."""
    expect(
        features="long_term_conditions",
        on="2025-04-01",
        rows="""
        person_key | has_diabetes | has_heart_failure | has_hypertension
        all        | yes          | yes               | yes
        edge       | no           | yes               | no
        later      | no           | no                | no
        both       | no           | no                | no
        nobody     | no           | no                | no
        uncovered  |              |                   |
        """,
    )


def test_mind_and_stroke(expect):
    """A code that came before the window of any other feature still counts."""
    expect(
        features="long_term_conditions",
        on="2025-04-01",
        rows="""
        person_key | has_severe_mental_illness | has_stroke_or_tia
        all        | yes                       | yes
        edge       | no                        | no
        later      | no                        | no
        both       | no                        | no
        nobody     | no                        | no
        uncovered  |                           |
        """,
    )
