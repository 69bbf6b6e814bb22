"""Assessments, requests made on leaving hospital, and reviews: when the last one was, whether it came because needs had
changed, and whether one is overdue."""

title = "Assessments, reviews and requests from hospital"

cohort = """
person_key | is_social_care_covered
edges      | yes
reviews    | yes
overdue    | yes
looked_at  | yes
young      | yes
closed     | yes
routes     | yes
nobody     | yes
uncovered  | no
"""

event = """
person_key | event_type      | event_date | end_date   | code
edges      | care_assessment | 2025-04-01 |            | Long term assessment
edges      | care_assessment | 2025-03-31 |            | Long term assessment
edges      | care_assessment | 2024-04-01 |            | Unpaid carer assessment
edges      | care_assessment | 2024-03-31 |            | Long term assessment
edges      | care_request    | 2024-04-01 |            | Discharge from hospital
edges      | care_request    | 2024-03-31 |            | Discharge from hospital
reviews    | care_review     | 2025-03-31 |            | Planned
reviews    | care_review     | 2024-04-01 |            | Unplanned - change in needs
reviews    | care_review     | 2024-03-31 |            | Unplanned - change in needs
overdue    | care_service    | 2024-03-31 |            | Long term support: Community
overdue    | care_review     | 2024-03-31 |            | Planned
looked_at  | care_service    | 2024-03-31 |            | Long term support: Community
looked_at  | care_review     | 2024-04-01 |            | Planned
young      | care_service    | 2024-04-01 |            | Long term support: Community
closed     | care_service    | 2023-04-01 | 2025-03-31 | Long term support: Community
routes     | care_request    | 2025-02-01 |            | Community / other route
routes     | care_request    | 2025-02-02 |            | discharge from hospital
uncovered  | care_request    | 2025-02-01 |            | Discharge from hospital
"""


def test_activity(expect):
    """The index date is not seen, the first day of the window is; words are compared without regard to case."""
    expect(
        features="social_care_activity",
        on="2025-04-01",
        rows="""
        person_key | care_assessments_12m | care_requests_from_hospital_12m | care_reviews_unplanned_12m
        edges      | 2                    | 1                               | 0
        reviews    | 0                    | 0                               | 1
        overdue    | 0                    | 0                               | 0
        looked_at  | 0                    | 0                               | 0
        young      | 0                    | 0                               | 0
        closed     | 0                    | 0                               | 0
        routes     | 0                    | 1                               | 0
        nobody     | 0                    | 0                               | 0
        uncovered  |                      |                                 |
        """,
    )


def test_reviews(expect):
    """A service open for longer than twelve months, without a review in them, is overdue for one."""
    expect(
        features="social_care_activity",
        on="2025-04-01",
        rows="""
        person_key | care_review_days_since | is_care_review_overdue
        edges      |                        | no
        reviews    | 1                      | no
        overdue    | 366                    | yes
        looked_at  | 365                    | no
        young      |                        | no
        closed     |                        | no
        routes     |                        | no
        nobody     |                        | no
        uncovered  |                        |
        """,
    )
