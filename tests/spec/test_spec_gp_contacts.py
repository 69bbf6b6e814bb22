"""Days with a coded contact: consultation, telephone encounter or home visit. Several codes on one day are one
contact."""

title = "Contacts with general practice"

cohort = """
person_key | is_gp_covered
edges      | yes
codes      | yes
silent     | yes
nobody     | yes
uncovered  | no
"""

event = """
person_key | event_type | event_date | code
edges      | gp_code    | 2025-04-01 | 11429006
edges      | gp_code    | 2025-03-31 | 11429006
edges      | gp_code    | 2025-01-01 | 11429006
edges      | gp_code    | 2024-12-31 | 11429006
edges      | gp_code    | 2024-04-01 | 11429006
edges      | gp_code    | 2024-03-31 | 11429006
codes      | gp_code    | 2025-02-01 | 11429006
codes      | gp_code    | 2025-02-01 | 185317003
codes      | gp_code    | 2025-02-02 | 185317003
codes      | gp_code    | 2025-02-03 | 439708006
codes      | gp_code    | 2025-02-04 | 271649006
silent     | gp_code    | 2021-04-01 | 11429006
uncovered  | gp_code    | 2025-02-01 | 11429006
"""


def test_windows_and_codes(expect):
    """The index date is not seen, the first day of each window is; days since looks back without a window."""
    expect(
        features="gp_contacts",
        on="2025-04-01",
        rows="""
        person_key | gp_contacts_3m | gp_contacts_12m | gp_contact_days_since
        edges      | 2              | 4               | 1
        codes      | 3              | 3               | 57
        silent     | 0              | 0               | 1461
        nobody     | 0              | 0               |
        uncovered  |                |                 |
        """,
    )
