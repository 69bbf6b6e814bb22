"""Drift of a column: by hand where it can be, no alarm by chance, and seen where something moved."""

from math import log

import numpy as np
import pytest

from pipeline.rules.watch_drift import cuts_of, drift, psi, psi_by_chance

RNG = 5


def counts_of_stays(people: int, *, rate: float, seed: int = RNG) -> np.ndarray:
    return np.random.default_rng(seed).poisson(rate, people).astype(float)


def test_the_index_is_the_sum_over_bins_by_hand() -> None:
    then, now = np.array([799, 199]), np.array([599, 399])
    # Half a person more in each bin: 799.5 and 199.5 of 999, 599.5 and 399.5 of 999.
    first, second = (799.5 / 999, 199.5 / 999), (599.5 / 999, 399.5 / 999)
    by_hand = sum((b - a) * log(b / a) for a, b in zip(first, second, strict=True))
    assert psi(then, now) == pytest.approx(by_hand)


def test_an_empty_bin_stays_finite() -> None:
    assert 0.5 < psi(np.array([500, 500]), np.array([1000, 0])) < 10


def test_the_same_people_have_not_moved() -> None:
    values = counts_of_stays(4_000, rate=0.3)
    one = drift(values, values)
    assert (one.psi, one.present_differs, one.null_then) == (0.0, False, 0.0)


def test_chance_alone_stays_below_what_chance_can_do() -> None:
    """Two hundred columns in which nothing moved: at 99.9% in each, hardly one passes."""
    passed = 0
    for seed in range(200):
        then, now = (counts_of_stays(1_500, rate=0.8, seed=2 * seed + side) for side in (0, 1))
        passed += (one := drift(then, now)).psi > one.psi_by_chance
    assert passed <= 2


def test_a_small_shift_in_many_people_is_more_than_chance_and_less_than_a_mark() -> None:
    one = drift(counts_of_stays(20_000, rate=0.30), counts_of_stays(20_000, rate=0.36, seed=9))
    assert one.psi_by_chance < one.psi < 0.10


def test_a_column_that_fell_silent_is_told() -> None:
    then = counts_of_stays(5_000, rate=0.6)
    one = drift(then, np.zeros(5_000))
    assert one.psi > 0.25 and one.present_differs and one.present_now == 0.0


def test_what_few_people_have_moves_the_index_little_and_the_share_by_much() -> None:
    rng = np.random.default_rng(RNG)
    one = drift((rng.random(20_000) < 0.01).astype(float), np.zeros(20_000))
    assert one.psi < 0.10 and one.present_differs


def test_unknown_is_a_bin_of_its_own() -> None:
    rng = np.random.default_rng(RNG)
    then = rng.normal(size=3_000)
    now = np.where(rng.random(3_000) < 0.4, np.nan, rng.normal(size=3_000))
    one = drift(then, now)
    assert one.psi > 0.25 and one.null_then == 0.0 and one.null_now == pytest.approx(0.4, abs=0.05)


def test_the_most_common_value_has_a_bin_and_no_bin_holds_hardly_anybody() -> None:
    values = np.concatenate([np.zeros(900), np.arange(1.0, 101.0)])
    cuts = cuts_of(values)
    people = np.bincount(np.searchsorted(cuts, values, side="right"))
    assert people[0] == 900 and people.min() >= 5


@pytest.mark.parametrize("values", [np.full(50, np.nan), np.full(50, 3.0)])
def test_a_column_of_one_value_can_be_held_against_another(values: np.ndarray) -> None:
    assert drift(values, values).psi == 0.0
    assert drift(values, np.full(50, 7.0)).psi >= 0.0


def test_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match="both sides"):
        drift(np.empty(0), np.ones(3))


def test_more_people_leave_less_to_chance() -> None:
    few, many = (psi_by_chance(np.array([n, n, n]), np.array([n, n, n])) for n in (100, 10_000))
    assert many == pytest.approx(few / 100)
