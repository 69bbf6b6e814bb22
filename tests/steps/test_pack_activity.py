"""What the strip may tell: lanes that are not covered, not shown or of an earlier release are not known, not empty."""

from datetime import date
from types import SimpleNamespace

import pytest

from pipeline.contracts.policy import SOURCES
from pipeline.contracts.register import Activity, CareSpell, Stay
from pipeline.steps.publish.pack_activity import COVERED_BY, activity_of

TOLD = {
    "activity_emergency_stays": "2026-03-04/2026-03-13 2026-11-20/",
    "activity_planned_stays": "2026-03-02/2026-03-02",
    "activity_attendances": "2026-03-04 2026-03-04",
    "activity_community": None,
    "activity_care": "2020-01-01//home_care 2025-06-01/2025-07-01/short_term",
}
COVERED = dict.fromkeys(COVERED_BY.values(), True)


def night(shown=SOURCES, withheld=(), facts=TOLD):
    details = SimpleNamespace(fact_names=frozenset(facts))
    return SimpleNamespace(shown=shown, withheld=frozenset(withheld), details=details)


def test_days_and_periods_are_read_back_in_order() -> None:
    found = activity_of(night(), TOLD | COVERED)
    assert found == Activity(
        stays=(
            Stay(date(2026, 3, 2), date(2026, 3, 2), is_emergency=False),
            Stay(date(2026, 3, 4), date(2026, 3, 13), is_emergency=True),
            Stay(date(2026, 11, 20), None, is_emergency=True),
        ),
        attendances=(date(2026, 3, 4), date(2026, 3, 4)),
        community_contacts=(),
        care=(
            CareSpell(date(2020, 1, 1), None, "home_care"),
            CareSpell(date(2025, 6, 1), date(2025, 7, 1), "short_term"),
        ),
    )
    # Somebody of whom there is no fact at all has had nothing happen.
    assert activity_of(night(), COVERED) == Activity(stays=(), attendances=(), community_contacts=(), care=())


@pytest.mark.parametrize(
    ("source", "lane"),
    [("acute", "stays"), ("emergency", "attendances"), ("community", "community_contacts"), ("social_care", "care")],
)
def test_what_may_not_be_shown_or_is_not_covered_is_not_known(source: str, lane: str) -> None:
    hidden = activity_of(night(shown=[one for one in SOURCES if one != source]), TOLD | COVERED)
    apart = activity_of(night(), TOLD | COVERED | {f"is_{source}_covered": False})
    for found in (hidden, apart):
        assert {name for name, value in vars(found).items() if value is None} == {lane}


@pytest.mark.parametrize(
    ("concept", "lane"),
    [
        ("emergency_admissions", "stays"),
        ("elective_admissions", "stays"),
        ("hospital_discharges", "stays"),
        ("emergency_attendances", "attendances"),
        ("community_contacts", "community_contacts"),
        ("social_care", "care"),
    ],
)
def test_what_a_policy_withholds_is_not_known(concept: str, lane: str) -> None:
    found = activity_of(night(withheld=[concept]), TOLD | COVERED)
    assert {name for name, value in vars(found).items() if value is None} == {lane}


def test_a_night_of_an_earlier_release_knows_nothing() -> None:
    assert activity_of(night(facts={}), COVERED) == Activity()
