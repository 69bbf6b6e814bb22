"""What changed since the last edition, in one word each."""

from datetime import date
from decimal import Decimal

import pytest

from pipeline.rules.changes import change, reason_for_leaving
from pipeline.rules.run_key import run_key


@pytest.mark.parametrize(
    ("now", "before", "earlier", "word"),
    [
        ("0.40", None, False, "new"),
        ("0.40", None, True, "returned"),
        ("0.45", "0.40", True, "rising"),
        ("0.449999", "0.40", True, "steady"),
        ("0.35", "0.40", True, "falling"),
        ("0.350001", "0.40", True, "steady"),
    ],
)
def test_change(now: str, before: str | None, earlier: bool, word: str) -> None:
    risk_before = Decimal(before) if before else None
    assert change(risk=Decimal(now), risk_before=risk_before, was_listed_earlier=earlier) == word


@pytest.mark.parametrize(
    ("death", "registered", "reason"),
    [
        (date(2026, 11, 15), False, "died"),
        (date(2026, 11, 16), True, "risk_fell"),  # a death on the index date is not yet known to it
        (None, False, "moved"),
        (None, True, "risk_fell"),
    ],
)
def test_reason_for_leaving(death: date | None, registered: bool, reason: str) -> None:
    told = reason_for_leaving(death_date=death, index_date=date(2026, 11, 16), is_registered_here=registered)
    assert told == reason


def test_a_run_key_ignores_order_and_sees_every_input() -> None:
    inputs = {"as_of": "2026-11-15", "policy": "a", "previous_editions": {"X": None, "Y": "e"}}
    assert run_key(inputs) == run_key(dict(reversed(inputs.items())))
    assert len({run_key(inputs), run_key(inputs | {"policy": "b"}), run_key(inputs | {"as_of": "2026-11-16"})}) == 3


@pytest.mark.parametrize("is_source_lost", [True, False])
def test_who_was_only_nominated_was_taken_off_whatever_the_risk(is_source_lost):
    left = reason_for_leaving(
        death_date=None,
        index_date=date(2026, 11, 23),
        is_registered_here=True,
        was_nominated=True,
        is_source_lost=is_source_lost,
    )
    assert left == "removed"
