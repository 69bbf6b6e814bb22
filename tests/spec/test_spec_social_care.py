"""Services count while they are open on the index date: begun before it and not ended before it. Requests are
counted over twelve months. Covered means the council of the person's own home supplies its data."""

title = "Adult social care"

cohort = """
person_key | is_social_care_covered
edges      | yes
home       | yes
nursing    | yes
closed     | yes
short      | yes
nobody     | yes
uncovered  | no
"""

event = """
person_key | event_type   | event_date | end_date   | code
edges      | care_request | 2025-04-01 |            | Community
edges      | care_request | 2025-03-31 |            | Community
edges      | care_request | 2024-04-01 |            | Community
edges      | care_request | 2024-03-31 |            | Community
edges      | care_service | 2025-04-01 |            | Long term support: Community
home       | care_service | 2025-03-31 | 2025-04-01 | Long term support: Community
home       | care_service | 2025-03-22 |            | Long Term Support: Community
home       | care_service | 2019-01-01 | 2019-06-01 | Long term support: Community
nursing    | care_service | 2024-04-01 |            | Long term support: Nursing care
closed     | care_service | 2024-01-01 | 2025-03-31 | Long term support: Residential care
short      | care_service | 2025-03-01 |            | Short term support: ST-Max
uncovered  | care_service | 2025-03-01 |            | Long term support: Residential care
"""


def test_open_services_and_requests(expect):
    """A service that ends on the index date is still open on it; one that ended the day before is not. What
    begins on it is not seen.
    """
    expect(
        features="social_care",
        on="2025-04-01",
        rows="""
        person_key | has_home_care | is_care_home_resident | care_requests_12m | care_package_days_since_start
        edges      | no            | no                    | 2                 |
        home       | yes           | no                    | 0                 | 10
        nursing    | no            | yes                   | 0                 | 365
        closed     | no            | no                    | 0                 |
        short      | no            | no                    | 0                 |
        nobody     | no            | no                    | 0                 |
        uncovered  |               |                       |                   |
        """,
    )
