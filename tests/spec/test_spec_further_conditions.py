"""A condition once coded stays. Each of the six counts once, however often and under whichever of its codes it
was written down."""

title = "Six further long-term conditions"

cohort = """
person_key | is_gp_covered
edges      | yes
each       | yes
twice      | yes
other      | yes
nobody     | yes
uncovered  | no
"""

event = """
person_key | event_type | event_date | code
edges      | gp_code    | 2025-04-01 | 84757009
edges      | gp_code    | 2025-03-31 | 64859006
each       | gp_code    | 1999-01-01 | 84757009
each       | gp_code    | 2024-06-01 | 110359009
each       | gp_code    | 2024-06-01 | 414916001
each       | gp_code    | 2024-06-01 | 64859006
each       | gp_code    | 2024-06-01 | 400047006
each       | gp_code    | 2024-06-01 | 69896004
twice      | gp_code    | 2020-01-01 | 400047006
twice      | gp_code    | 2024-01-01 | 400047006
twice      | gp_code    | 2024-02-01 | 63491006
other      | diagnosis  | 2024-06-01 | 84757009
other      | gp_code    | 2024-06-01 | 13645005
uncovered  | gp_code    | 2024-06-01 | 84757009
"""


def test_conditions_and_how_many(expect):
    """What is coded on the index date is not seen, what was coded the day before is; hospital diagnoses and the
    thirteen conditions of another concept do not count.
    """
    expect(
        features="further_conditions",
        on="2025-04-01",
        rows="""
        person_key | has_epilepsy | has_learning_disability | has_obesity | has_osteoporosis
        edges      | no           | no                      | no          | yes
        each       | yes          | yes                     | yes         | yes
        twice      | no           | no                      | no          | no
        other      | no           | no                      | no          | no
        nobody     | no           | no                      | no          | no
        uncovered  |              |                         |             |
        """,
    )
    expect(
        features="further_conditions",
        on="2025-04-01",
        rows="""
        person_key | has_peripheral_arterial_disease | has_rheumatoid_arthritis | further_condition_count
        edges      | no                              | no                       | 1
        each       | yes                             | yes                      | 6
        twice      | yes                             | no                       | 1
        other      | no                              | no                       | 0
        nobody     | no                              | no                       | 0
        uncovered  |                                 |                          |
        """,
    )
