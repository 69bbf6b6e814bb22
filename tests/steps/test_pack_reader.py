"""What a row tells beside the reasons: since the last edition, at home or in hospital, known or not."""

from datetime import date

import pytest

from pipeline.contracts.register import Activity
from pipeline.steps.publish.pack_people import _for_the_reader

DAY, LAST_TIME = date(2026, 11, 23), date(2026, 11, 15)


def told(values: dict[str, object], *, attended: tuple[date, ...] | None = (), last_time: date | None = LAST_TIME):
    return _for_the_reader(values, Activity(attendances=attended), day=DAY, last_time=last_time)


def test_the_latest_discharge_is_told_unless_the_person_is_in_hospital_again() -> None:
    assert told({"discharge_days_since": 4})["discharged_on"] == date(2026, 11, 19)
    assert told({"discharge_days_since": 4, "is_in_hospital": True})["discharged_on"] is None
    assert told({})["discharged_on"] is None


@pytest.mark.parametrize(
    ("attended", "last_time", "count"),
    [
        ((date(2026, 11, 15), date(2026, 11, 16), date(2026, 11, 16)), LAST_TIME, 2),
        ((), LAST_TIME, 0),
        (None, LAST_TIME, None),
        ((date(2026, 11, 16),), None, None),
    ],
)
def test_attendances_count_from_the_day_after_the_last_edition(attended, last_time, count) -> None:
    assert told({}, attended=attended, last_time=last_time)["attendances_since"] == count


def test_a_carer_is_one_by_either_record_and_unknown_only_when_neither_says() -> None:
    carers = [
        ({"is_carer": False, "has_unpaid_carer_support": True}, True),
        ({"is_carer": True}, True),
        ({"is_carer": False, "has_unpaid_carer_support": None}, False),
        ({}, None),
    ]
    assert [told(values)["is_carer"] for values, _ in carers] == [said for _, said in carers]
