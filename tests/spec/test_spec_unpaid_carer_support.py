"""What the council does for the person as an unpaid carer, told apart from what it does for them in their own need by
the client type."""

title = "Support for the person as an unpaid carer"

cohort = """
person_key | is_social_care_covered
edges      | yes
supported  | yes
own_need   | yes
known_of   | yes
nobody     | yes
uncovered  | no
"""

event = """
person_key | event_type      | event_date | end_date   | code                                         | method_code
edges      | care_request    | 2025-04-01 |            | Community / other route                      | Unpaid carer
edges      | care_request    | 2025-03-31 |            | Community / other route                      | Unpaid carer
edges      | care_assessment | 2023-04-01 |            | Unpaid carer assessment                      | Unpaid carer
edges      | care_assessment | 2023-03-31 |            | Unpaid carer assessment                      | Unpaid carer
edges      | care_service    | 2024-04-01 | 2025-03-31 | Unpaid carer support: Direct to unpaid carer | Unpaid carer
supported  | care_service    | 2020-04-01 | 2025-04-01 | Unpaid carer support: Direct to unpaid carer | Unpaid carer
own_need   | care_request    | 2025-02-01 |            | Community / other route                      | Service user
own_need   | care_service    | 2025-02-01 |            | Long term support: Community                 | Service user
known_of   | care_assessment | 2025-02-01 |            | Unpaid carer assessment                      | Known of
uncovered  | care_request    | 2025-02-01 |            | Community / other route                      | Unpaid carer
"""


def test_carers(expect):
    """Requests and assessments of the person as a carer, not of one only known of; a service is open until the day it
    ends.
    """
    expect(
        features="unpaid_carer_support",
        on="2025-04-01",
        rows="""
        person_key | has_unpaid_carer_support | unpaid_carer_requests_24m
        edges      | no                       | 2
        supported  | yes                      | 0
        own_need   | no                       | 0
        known_of   | no                       | 0
        nobody     | no                       | 0
        uncovered  |                          |
        """,
    )
