"""Which refused deliveries nothing has replaced: asked of the days of the period, not of what came later at all."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from pipeline.contracts.extract import load_extracts
from pipeline.contracts.settings import PROJECT
from pipeline.ledger.deliveries import Delivery
from pipeline.steps.receive.lateness import LATE_DAYS, refused_and_not_replaced

CONTRACTS = load_extracts(PROJECT)
CAME = datetime(2026, 11, 20, 17, tzinfo=UTC)
NIGHT = CAME.date()
SEPTEMBER = (date(2026, 9, 1), date(2026, 9, 30))
OCTOBER = (date(2026, 10, 1), date(2026, 10, 31))


def one(
    state: str, minutes: int, period: tuple[date, date] = OCTOBER, *, extract: str = "acute_apc", sender: str = "RAL"
) -> Delivery:
    """A delivery that came so many minutes after the first."""
    named: dict[str, Any] = {name: None for name in Delivery.__dataclass_fields__}
    named |= {"delivery_id": f"{state} {minutes}", "extract": extract, "sender": sender, "state": state}
    named |= {"period_start": period[0], "period_end": period[1], "received_at": CAME + timedelta(minutes=minutes)}
    return Delivery(**named)


def left(*known: Delivery, on: date | None = NIGHT) -> list[str]:
    return [found.delivery_id for found in refused_and_not_replaced(CONTRACTS, known, on=on)]


def test_an_october_that_was_refused_is_not_replaced_by_a_september() -> None:
    refused = one("refused", 0)
    assert left(refused, one("accepted", 2, SEPTEMBER)) == ["refused 0"]
    assert left(refused, one("accepted", 2, SEPTEMBER), one("accepted", 3)) == []
    assert left(refused, one("accepted", 2, (SEPTEMBER[0], OCTOBER[1]))) == []


def test_two_halves_replace_a_whole_and_one_does_not() -> None:
    first, second = (OCTOBER[0], date(2026, 10, 15)), (date(2026, 10, 16), OCTOBER[1])
    assert left(one("refused", 0), one("accepted", 1, second)) == ["refused 0"]
    assert left(one("refused", 0), one("accepted", 1, second), one("accepted", 2, first)) == []


@pytest.mark.parametrize(
    "other",
    [
        one("accepted", -1), one("accepted", 0), one("held", 1), one("accepted", 1, extract="acute_ecds"),
        one("accepted", 1, sender="RKE"),
    ],
)  # fmt: skip
def test_what_came_before_or_is_held_or_is_of_somebody_else_replaces_nothing(other: Delivery) -> None:
    assert left(one("refused", 0), other) == ["refused 0"]


def test_a_file_of_everything_up_to_its_end_is_replaced_by_one_that_reaches_as_far() -> None:
    year, next_year = (date(2025, 10, 1), date(2026, 9, 30)), (date(2026, 1, 1), date(2026, 12, 31))
    for extract in ("social_care_event", "reference_organisation"):
        refused = one("refused", 0, year, extract=extract)
        assert left(refused, one("accepted", 1, next_year, extract=extract)) == []
        earlier = (date(2025, 7, 1), date(2026, 6, 30))
        assert left(refused, one("accepted", 1, earlier, extract=extract)) == ["refused 0"]


def test_a_gap_among_good_ones_is_history_in_the_end_and_a_sender_with_nothing_good_is_not() -> None:
    refused, good = one("refused", 0), one("accepted", 2, SEPTEMBER)
    until = CAME.date() + timedelta(days=LATE_DAYS - 1)
    after = until + timedelta(days=1)
    assert left(refused, good, on=until) == left(refused, good, on=None) == ["refused 0"]
    assert left(refused, good, on=after) == []
    assert left(refused, on=after) == ["refused 0"]
