"""Which reasons are read first, and which facts from outside the practice are worth a reader's time."""

from datetime import date

import pytest

from pipeline.rules.reasons import reasons
from pipeline.rules.reasons_beyond import in_order, is_pressing
from pipeline.rules.reasons_concepts import TOPIC_OF
from pipeline.rules.reasons_context import from_outside
from pipeline.rules.reasons_order import EMERGENCIES, TO_ACT_ON, WHERE_THERE_IS_ROOM, as_read, in_turn

DAY = date(2026, 11, 23)
QUIET = {"community_contacts_12m": 6, "community_records_date": date(2026, 10, 31)}


def test_the_order_names_only_topics_that_there_are() -> None:
    assert {*EMERGENCIES, *TO_ACT_ON, *WHERE_THERE_IS_ROOM} <= set(TOPIC_OF.values())


def test_emergencies_of_the_last_year_lead_however_little_they_weigh_but_only_if_they_raise_the_risk() -> None:
    values = {"emergency_admissions_12m": 5, "emergency_attendances_12m": 9, "has_dementia": True, "falls_12m": 1}
    weights = {"has_dementia": 2.0, "falls_12m": 0.9, "emergency_attendances_12m": 0.02}
    told = reasons(values, weights | {"emergency_admissions_12m": 0.01}, index_date=DAY).for_risk
    assert [word for each in told for word in ("admission", "attendance", "fall", "Dementia") if word in each] == [
        "admission", "attendance", "fall", "Dementia",
    ]  # fmt: skip
    told = reasons(values, weights | {"emergency_admissions_12m": -0.01}, index_date=DAY).for_risk
    assert not [each for each in told if "emergency admission" in each]


def test_an_admission_of_the_year_before_takes_no_place_it_does_not_weigh() -> None:
    values = {"emergency_admissions_12m": 0, "emergency_admissions_24m": 2}
    weights = {"emergency_admissions": 0.1, "long_term_conditions": 0.5, "falls_and_frailty": 0.3}
    assert in_turn(weights, values) == ["long_term_conditions", "falls_and_frailty", "emergency_admissions"]
    assert as_read(list(weights), weights, values)[0] == "falls_and_frailty"


def test_what_the_practice_knows_best_speaks_last_and_only_where_there_is_room() -> None:
    weights = {"gp_contacts_12m": 3.0, "falls_12m": 0.5, "has_copd": 0.4, "community_contacts_12m": 0.3}
    values = {"gp_contacts_12m": 39, "falls_12m": 1, "has_copd": True, "community_contacts_12m": 4}
    assert "39 GP contacts" in reasons(values, weights, index_date=DAY).for_risk[-1]
    assert not [one for one in reasons(values, weights, index_date=DAY, most=3).for_risk if "GP contacts" in one]


@pytest.mark.parametrize(
    ("few", "many"),
    [
        ({"outpatient_did_not_attend_12m": 2}, {"outpatient_did_not_attend_12m": 3}),
        ({"community_did_not_attend_12m": 2}, {"community_did_not_attend_12m": 3}),
        ({"emergency_providers_distinct_12m": 2}, {"emergency_providers_distinct_12m": 3}),
        ({"community_contacts_change_3m": 2}, {"community_contacts_change_3m": 3}),
        ({"mental_health_did_not_attend_12m": 2}, {"mental_health_did_not_attend_12m": 3}),
        (
            {"emergency_attendances_12m": 2, "emergency_admissions_12m": 0},
            {"emergency_attendances_12m": 3, "emergency_admissions_12m": 0},
        ),
    ],
)
def test_a_single_slip_is_left_out_and_a_run_is_told(few: dict[str, object], many: dict[str, object]) -> None:
    said, more = (in_order(from_outside(values, index_date=DAY), values) for values in (few, many))
    assert said == () and len(more) == 1


def test_what_stopped_comes_first_and_of_equals_the_newest() -> None:
    values = {
        "has_home_care": True, "care_package_days_since_start": 400,
        "has_reablement": True, "reablement_days_since": 20,
        "outpatient_did_not_attend_12m": 4, "has_care_stopped_12m": True, "mental_health_crisis_days_since": 9,
    }  # fmt: skip
    order = ("crises", "care_change", "short_term_care", "care", "outpatient_missed")
    told: dict[str, str | None] = dict.fromkeys(("unpaid_carer", "community_missed")) | {
        name: name for name in sorted(order)
    }
    assert in_order(told, values) == order


@pytest.mark.parametrize(
    ("values", "pressing"),
    [
        ({"has_home_care": True}, False),
        ({"has_care_stopped_12m": True, "home_care_end_date": date(2026, 8, 3)}, True),
        ({"has_home_care": True, "home_care_changed_date": date(2026, 8, 3)}, False),
        (QUIET | {"community_contact_days_since": (DAY - date(2026, 7, 1)).days}, True),
        (QUIET | {"community_contact_days_since": (DAY - date(2026, 10, 1)).days}, False),
        ({"mental_health_crisis_contacts_12m": 1, "mental_health_crisis_days_since": 93}, False),
        ({"mental_health_crisis_contacts_12m": 1, "mental_health_crisis_days_since": 92}, True),
        ({"is_mental_health_inpatient": True}, True),
        ({}, False),
    ],
)
def test_pressing_is_what_stopped_or_broke_down(values: dict[str, object], pressing: bool) -> None:
    assert is_pressing(from_outside(values, index_date=DAY), values) is pressing
