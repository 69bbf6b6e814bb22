"""Observed over expected of older nights, the share of a year that thirty days hold, and what would mend a level."""

import numpy as np
import pytest

from pipeline.rules.calibration import odds_from_probability, probability
from pipeline.rules.watch_calibration import (
    EarlyShare,
    came_true,
    came_true_early,
    early_share,
    level_shift,
    proposal,
)

SEED = 11


def lived(people: int, *, times: float = 1.0, seed: int = SEED) -> tuple[np.ndarray, np.ndarray]:
    """Risks, and outcomes whose odds are `times` as high as the risks say."""
    rng = np.random.default_rng(seed)
    risk = probability(rng.normal(-2.4, 1.0, people))
    true = probability(odds_from_probability(risk) + np.log(times))
    return risk, (rng.random(people) < true).astype(np.int8)


def test_scores_that_mean_what_they_say_come_true() -> None:
    one = came_true(*lived(8_000), confidence=0.99)
    assert one.low < 1 < one.high and one.ratio == pytest.approx(1, abs=0.06)


def test_another_population_lies_wholly_outside() -> None:
    one = came_true(*lived(8_000, times=0.45), confidence=0.99)
    assert one.high < 0.7 and one.observed < one.expected


def test_the_share_of_thirty_days_is_taken_by_band_and_of_everyone_where_few_had_the_event() -> None:
    risk = np.concatenate([np.full(1_000, 0.02), np.full(1_000, 0.6), np.full(10, 0.95)])
    outcome = np.concatenate([np.repeat([1, 0], [40, 960]), np.repeat([1, 0], [600, 400]), np.ones(10)]).astype(np.int8)
    soon = np.concatenate([np.repeat([1, 0], [2, 998]), np.repeat([1, 0], [120, 880]), np.ones(10)]).astype(np.int8)
    share = early_share(risk, soon, outcome)
    assert share.of(np.array([0.02, 0.6])).tolist() == [2 / 40, 120 / 600]
    assert share.of(np.array([0.95]))[0] == pytest.approx(132 / 650)
    assert share.events == 132


def test_the_early_interval_carries_what_the_hold_out_leaves_open() -> None:
    risk, outcome = lived(8_000)
    soon = (outcome * (np.random.default_rng(SEED).random(8_000) < 0.12)).astype(np.int8)
    by_band = (0.12,) * 9
    many, few = (
        came_true_early(risk, soon, early=EarlyShare(by_band, events), confidence=0.99) for events in (10**9, 60)
    )
    assert few.low < many.low < many.ratio < many.high < few.high
    assert many.ratio == few.ratio and few.low < 1 < few.high


def test_nobody_admitted_is_a_ratio_of_nothing_with_an_upper_end() -> None:
    one = came_true_early(np.full(900, 0.2), np.zeros(900, np.int8), early=EarlyShare((0.1,) * 9, 100), confidence=0.99)
    assert (one.ratio, one.low) == (0.0, 0.0) and 0 < one.high < 1


def test_a_proposal_mends_people_it_was_not_fitted_on() -> None:
    risk, outcome = lived(12_000, times=0.5)
    one = proposal([f"p{n}" for n in range(12_000)], risk, outcome, confidence=0.99)
    assert one.before.high < 0.8
    assert one.after.low < 1 < one.after.high
    assert one.level == pytest.approx(np.log(0.5), abs=0.1) and one.slope == pytest.approx(1, abs=0.1)
    assert one.brier_after < one.brier_before


def test_a_proposal_without_events_is_refused() -> None:
    with pytest.raises(ValueError, match="both halves"):
        proposal(["a", "b", "c"], np.array([0.1, 0.2, 0.3]), np.zeros(3, np.int8), confidence=0.99)


def test_a_level_shift_makes_the_mean_as_large_as_observed() -> None:
    shift = level_shift(0.5, expected_share=0.2)
    assert shift is not None
    assert probability(odds_from_probability(np.array([0.2])) + shift)[0] == pytest.approx(0.1)
    assert level_shift(0.0, expected_share=0.2) is None
    assert level_shift(6.0, expected_share=0.2) is None
