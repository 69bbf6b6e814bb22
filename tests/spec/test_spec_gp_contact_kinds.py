"""Contacts by kind. Two codes of one kind on one day are one contact, of two kinds one of each; a missed appointment is
no contact."""

title = "Contacts with general practice by kind"

cohort = """
person_key | is_gp_covered
edges      | yes
kinds      | yes
rise       | yes
fall       | yes
old        | yes
nobody     | yes
uncovered  | no
"""

event = """
person_key | event_type | event_date | code
edges      | gp_code    | 2025-04-01 | 11429006
edges      | gp_code    | 2025-04-01 | 439708006
edges      | gp_code    | 2025-03-31 | 11429006
edges      | gp_code    | 2025-01-01 | 185317003
edges      | gp_code    | 2024-12-31 | 11429006
edges      | gp_code    | 2024-10-01 | 11429006
edges      | gp_code    | 2024-09-30 | 11429006
edges      | gp_code    | 2024-04-01 | 439708006
edges      | gp_code    | 2024-03-31 | 439708006
edges      | gp_code    | 2024-04-01 | 281399006
edges      | gp_code    | 2024-03-31 | 281399006
kinds      | gp_code    | 2025-02-01 | 11429006
kinds      | gp_code    | 2025-02-01 | 11429006
kinds      | gp_code    | 2025-02-01 | 185317003
kinds      | gp_code    | 2025-02-02 | 281399006
rise       | gp_code    | 2025-02-01 | 11429006
rise       | gp_code    | 2025-02-02 | 439708006
rise       | gp_code    | 2024-11-01 | 281399006
fall       | gp_code    | 2024-11-01 | 11429006
old        | gp_code    | 2015-04-01 | 439708006
uncovered  | gp_code    | 2025-02-01 | 11429006
"""


def test_kinds_change_and_missed(expect):
    """The index date is not seen, the first day of each window is. `edges` had two days with a contact in the last
    three months and two in the three before.
    """
    expect(
        features="gp_contact_kinds",
        on="2025-04-01",
        rows="""
        person_key | gp_surgery_contacts_12m | gp_telephone_contacts_12m | gp_home_visits_12m
        edges      | 4                       | 1                         | 1
        kinds      | 1                       | 1                         | 0
        rise       | 1                       | 0                         | 1
        fall       | 1                       | 0                         | 0
        old        | 0                       | 0                         | 0
        nobody     | 0                       | 0                         | 0
        uncovered  |                         |                           |
        """,
    )
    expect(
        features="gp_contact_kinds",
        on="2025-04-01",
        rows="""
        person_key | gp_home_visit_days_since | gp_contacts_change_3m | gp_missed_appointments_12m
        edges      | 365                      | 0                     | 1
        kinds      |                          | 1                     | 1
        rise       | 58                       | 2                     | 1
        fall       |                          | -1                    | 0
        old        | 3653                     | 0                     | 0
        nobody     |                          | 0                     | 0
        uncovered  |                          |                       |
        """,
    )
