"""What the council provides on the index date: begun before it and not ended before it. A part of a package is a
different component of long-term support in the community."""

title = "What the council provides now"

cohort = """
person_key | is_social_care_covered
edges      | yes
package    | yes
nursing    | yes
resident   | yes
short      | yes
nobody     | yes
uncovered  | no
"""

event = """
person_key | event_type   | event_date | end_date   | code                                | class_code
edges      | care_service | 2025-04-01 |            | Long term support: Community        | Meals
edges      | care_service | 2025-03-31 |            | Long term support: Community        | Home care
edges      | care_service | 2024-01-01 | 2025-03-31 | Long term support: Community        | Day support
edges      | care_service | 2024-01-01 | 2025-04-01 | Long term support: Residential care | Residential care
package    | care_service | 2024-01-01 |            | Long term support: Community        | Home care
package    | care_service | 2024-06-01 |            | Long Term Support: Community        | Home care
package    | care_service | 2024-01-01 |            | Long term support: Community        | Meals
nursing    | care_service | 2025-03-22 |            | Long Term Support: Nursing Care     | Nursing care
nursing    | care_service | 2023-06-01 | 2025-03-21 | Long term support: Residential care | Residential care
resident   | care_service | 2024-04-01 |            | Long term support: Residential care | Residential care
resident   | care_service | 2025-01-01 |            | Long term support: Nursing care     | Nursing care
short      | care_service | 2025-03-01 |            | Short term support: ST-Max          | Reablement
uncovered  | care_service | 2025-03-01 |            | Long term support: Community        | Home care
"""


def test_package(expect):
    """The same component twice is one part; what ended the day before the index date is over."""
    expect(
        features="social_care_package",
        on="2025-04-01",
        rows="""
        person_key | care_package_components | has_nursing_home_care | care_home_days_since_start
        edges      | 1                       | no                    | 456
        package    | 2                       | no                    |
        nursing    | 0                       | yes                   | 10
        resident   | 0                       | yes                   | 365
        short      | 0                       | no                    |
        nobody     | 0                       | no                    |
        uncovered  |                         |                       |
        """,
    )
