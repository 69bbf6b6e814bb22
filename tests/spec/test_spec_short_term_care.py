"""Reablement (ST-Max) and ongoing support of a low level, such as equipment, which is told by the day it began."""

title = "Reablement and other short-term support"

cohort = """
person_key | is_social_care_covered
edges      | yes
running    | yes
equipment  | yes
long_term  | yes
nobody     | yes
uncovered  | no
"""

event = """
person_key | event_type   | event_date | end_date   | code
edges      | care_service | 2025-04-01 |            | Short term support: ST-Max
edges      | care_service | 2025-03-31 | 2025-03-31 | Short term support: ST-Max
edges      | care_service | 2024-04-01 | 2024-05-01 | Short Term Support: ST-Max
edges      | care_service | 2024-03-31 | 2024-05-01 | Short term support: ST-Max
running    | care_service | 2025-03-10 | 2025-04-01 | Short term support: ST-Max
equipment  | care_service | 2024-06-01 |            | Short term support: Ongoing low level
equipment  | care_service | 2024-07-01 | 2024-07-01 | Short term support: Ongoing low level
long_term  | care_service | 2024-06-01 |            | Long term support: Community
uncovered  | care_service | 2024-06-01 |            | Short term support: ST-Max
"""


def test_short_term(expect):
    """One that ends on the index date is running on it; long-term support is none of these."""
    expect(
        features="short_term_care",
        on="2025-04-01",
        rows="""
        person_key | has_reablement | reablement_services_12m | low_level_support_12m | reablement_days_since
        edges      | no             | 2                       | 0                     | 1
        running    | yes            | 1                       | 0                     | 22
        equipment  | no             | 0                       | 2                     |
        long_term  | no             | 0                       | 0                     |
        nobody     | no             | 0                       | 0                     |
        uncovered  |                |                         |                       |
        """,
    )
