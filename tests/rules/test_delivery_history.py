"""A delivery against its sender's history: what is planted is told, what weekdays and chance do is not."""

import random
from datetime import date, timedelta
from math import exp

import pytest

from pipeline.rules.delivery_history import (
    HISTORY_RULES,
    ODD_VOLUME,
    Finding,
    Past,
    comparable,
    distribution,
    divergence,
    fewest_rows,
    volume,
    wrong_period,
)

MONDAY = date(2026, 11, 2)


def past(*rows: int, every_days: int = 7, **measures: float) -> list[Past]:
    return [
        Past(MONDAY + timedelta(days=every_days * n), count, {"rows": count, **measures})
        for n, count in enumerate(rows)
    ]


@pytest.mark.parametrize(
    ("rows", "rule"),
    [(500, "HIST-001"), (690, "HIST-001"), (710, None), (1000, None), (1800, None), (1900, "HIST-002")],
)
def test_half_and_double_are_told_and_what_lies_between_is_not(rows: int, rule: str | None) -> None:
    found = volume(rows, past(1000, 1010, 990, 1000, 1005))
    assert found == ([] if rule is None else [Finding(rule)])


def test_nothing_is_said_of_volume_with_few_deliveries_or_few_rows() -> None:
    assert volume(10, past(1000, 1000)) == []
    assert volume(1, past(10, 12, 9, 11, 10)) == []
    assert volume(0, past(100, 100, 100, 100)) == [Finding("HIST-001")]


def test_one_odd_delivery_does_not_move_the_yardstick() -> None:
    assert volume(1000, past(1000, 1010, 40, 990, 1000)) == []
    assert volume(500, past(1000, 1010, 9000, 990, 1000)) == [Finding("HIST-001")]


def test_a_sender_that_always_varies_is_not_told_so() -> None:
    assert volume(500, past(400, 1600, 800, 2000, 500, 1200)) == []


def test_days_of_rest_and_the_day_after_are_held_against_their_like() -> None:
    days = [Past(MONDAY + timedelta(days=n), 60 if n % 7 >= 5 else 1000 + 500 * (n % 7 == 0), {}) for n in range(42)]
    monday, tuesday, saturday = (MONDAY + timedelta(days=42 + n) for n in (0, 1, 5))
    assert {one.rows for one in comparable(days, period_end=monday, every="day")} == {1500}
    assert {one.rows for one in comparable(days, period_end=tuesday, every="day")} == {1000}
    assert {one.rows for one in comparable(days, period_end=saturday, every="day")} == {60}
    # A Monday that is a public holiday is a day of rest, and the Tuesday after it gathers as Mondays do.
    assert {one.rows for one in comparable(days, period_end=monday, every="day", rest_days=[monday])} == {60}
    assert {one.rows for one in comparable(days, period_end=tuesday, every="day", rest_days=[monday])} == {1500}
    # Two Mondays are too few: any working day will do.
    assert len(comparable(days[:14], period_end=monday, every="day")) == 8
    assert comparable(days, period_end=monday, every="month") == days[-8:]


def test_what_was_odd_itself_is_no_yardstick_until_it_is_the_rule() -> None:
    usual = past(1000, 1010, 990, 1000)
    odd = [Past(one.period_end, 500, {ODD_VOLUME: 1.0}) for one in past(1, 1, 1)]
    assert volume(500, comparable([*usual, *odd], period_end=MONDAY, every="month")) == [Finding("HIST-001")]
    for_good = [*usual, *odd, odd[-1]]
    assert volume(500, comparable(for_good, period_end=MONDAY, every="month")) == []
    assert volume(1000, comparable(for_good, period_end=MONDAY, every="month")) == [Finding("HIST-002")]


def test_the_fewest_rows_are_a_share_of_the_median_of_enough_deliveries() -> None:
    assert fewest_rows(past(10, 1000, 1000, 3000), share=0.2, needed=3, looked_at=8) == 200
    assert fewest_rows(past(10, 1000, 1000, 3000), share=0.2, needed=3, looked_at=2) == 0
    assert fewest_rows(past(1000, 1000), share=0.2, needed=3, looked_at=8) == 0


def measures(rows: int, *, empty: float = 0.02, codes: tuple[float, ...] = (0.5, 0.3, 0.2), mean: float = 130.0):
    named = {f"code.kind={letter}": share for letter, share in zip("abc", codes, strict=True)}
    return {"rows": rows, "empty.kind": empty, "empty.pressure": empty, "mean.pressure": mean, **named}


WATCHED = {"kind": "share_of_codes", "pressure": "mean"}
USUAL = [Past(MONDAY, 1000, measures(1000, mean=130.0 + n)) for n in range(6)]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (measures(1000), []),
        (measures(1000, empty=0.09), []),
        (measures(1000, empty=0.5), [Finding("HIST-003", "kind"), Finding("HIST-003", "pressure")]),
        (measures(1000, codes=(0.45, 0.35, 0.2)), []),
        (measures(1000, codes=(0.1, 0.3, 0.6)), [Finding("HIST-004", "kind")]),
        (measures(1000, mean=17.4), [Finding("HIST-005", "pressure")]),
        (measures(1000, mean=140.0), []),
        (measures(60, empty=0.9, codes=(0.0, 0.0, 1.0), mean=1.0), []),
    ],
    ids=["usual", "a little emptier", "half empty", "other codes a little", "other codes", "kPa", "season", "few rows"],
)
def test_columns_that_moved_are_named(now: dict[str, float], expected: list[Finding]) -> None:
    assert distribution(now, USUAL, watched=WATCHED) == expected


def test_a_history_too_short_for_shares_says_nothing() -> None:
    assert distribution(measures(1000, empty=1.0), USUAL[:3], watched=WATCHED) == []


def test_divergence_is_none_for_the_same_and_one_bit_for_nothing_in_common() -> None:
    assert divergence({"a": 0.4, "b": 0.6}, {"a": 0.4, "b": 0.6}) == 0
    assert divergence({"a": 1.0}, {"b": 1.0}) == 1


@pytest.mark.parametrize(
    ("now", "earlier", "told"),
    [
        ({"share.named_period": 0.0}, [], True),
        ({"share.named_period": 0.9, "share.in_period": 0.0}, [0.9] * 6, False),
        ({"share.in_period": 0.0}, [0.9] * 4, True),
        ({"share.in_period": 0.0}, [0.9] * 3, False),
        ({"share.in_period": 0.0}, [0.1] * 6, False),
        ({"share.in_period": 0.4}, [0.9] * 6, False),
        ({}, [0.9] * 6, False),
    ],
)
def test_a_file_of_another_period_is_told_by_its_dates(now: dict[str, float], earlier: list[float], told: bool) -> None:
    history = [Past(MONDAY, 500, {"share.in_period": share}) for share in earlier]
    found = wrong_period({"rows": 500, **now}, history)
    assert found == ([Finding("PERIOD-001")] if told else [])


def test_over_many_clean_senders_notices_are_rare_and_halves_are_found() -> None:
    """Daily senders of different sizes, with weekdays, a season and chance; the same draws each time."""
    draw = random.Random(7)
    told = halves = judged = 0
    for _sender in range(40):
        size = exp(draw.uniform(5, 9))
        history: list[Past] = []
        for number in range(90):
            day = MONDAY + timedelta(days=number)
            usual = size * (0.06 if day.weekday() >= 5 else 1.25 if day.weekday() == 0 else 1) * (1 + number / 900)
            rows = max(int(draw.gauss(usual, (usual + (0.08 * usual) ** 2) ** 0.5)), 0)
            alike = comparable(history, period_end=day, every="day")
            if number >= 40 and day.weekday() < 5:
                judged += 1
                told += bool(volume(rows, alike))
                halves += volume(rows // 2, alike) == [Finding("HIST-001")]
            history.append(Past(day, rows, {}))
    assert judged == 1400
    assert told / judged < 0.005
    assert halves / judged > 0.97


def test_rules_are_said_in_whole_sentences_without_a_stop() -> None:
    for level, says, next_step in HISTORY_RULES.values():
        assert level in ("refuse", "count")
        assert says[0].isupper() or says.startswith("{column}")
        assert not says.endswith(".") and next_step[0].islower()
