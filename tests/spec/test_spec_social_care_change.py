"""Long-term services that began and ended, and the package now against twelve months ago."""

title = "Changes in what the council provides"

cohort = """
person_key | is_social_care_covered
edges      | yes
smaller    | yes
stopped    | yes
moved      | yes
year_ago   | yes
nobody     | yes
uncovered  | no
"""

event = """
person_key | event_type   | event_date | end_date   | code
edges      | care_service | 2025-04-01 |            | Long term support: Community
edges      | care_service | 2025-03-31 |            | Long term support: Community
edges      | care_service | 2024-10-01 | 2025-03-31 | Long term support: Community
edges      | care_service | 2024-09-30 | 2024-10-01 | Long term support: Community
edges      | care_service | 2024-09-01 | 2024-09-30 | Long term support: Community
smaller    | care_service | 2023-01-01 |            | Long term support: Community
smaller    | care_service | 2023-01-01 | 2024-12-01 | Long term support: Community
stopped    | care_service | 2023-01-01 | 2024-04-01 | Long term support: Community
moved      | care_service | 2023-01-01 | 2025-01-10 | Long term support: Community
moved      | care_service | 2025-01-11 |            | Long term support: Residential care
year_ago   | care_service | 2024-04-01 |            | Long term support: Community
year_ago   | care_service | 2024-03-31 | 2024-03-31 | Long term support: Community
uncovered  | care_service | 2025-03-01 |            | Long term support: Community
"""


def test_started_and_ended(expect):
    """The first day of the window counts and the day before it does not; the index date is not seen."""
    expect(
        features="social_care_change",
        on="2025-04-01",
        rows="""
        person_key | care_services_started_6m | care_services_ended_6m
        edges      | 2                        | 2
        smaller    | 0                        | 1
        stopped    | 0                        | 0
        moved      | 1                        | 1
        year_ago   | 0                        | 0
        nobody     | 0                        | 0
        uncovered  |                          |
        """,
    )


def test_the_package_against_a_year_ago(expect):
    """A service of the day twelve months before was open then if it had begun before that day and not ended before it.

    Support that gave way to a care home has not stopped.
    """
    expect(
        features="social_care_change",
        on="2025-04-01",
        rows="""
        person_key | care_package_change_12m | has_care_stopped_12m
        edges      | 1                       | no
        smaller    | -1                      | no
        stopped    | -1                      | yes
        moved      | -1                      | no
        year_ago   | 1                       | no
        nobody     | 0                       | no
        uncovered  |                         |
        """,
    )
