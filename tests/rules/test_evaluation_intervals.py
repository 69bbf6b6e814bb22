"""Closed-form intervals: against worked values, against statistics libraries, and by how often they hold the truth."""

import numpy as np
import pytest

from pipeline.rules.calibration import probability
from pipeline.rules.evaluation_intervals import (
    auroc_interval_of,
    auroc_with_error,
    normal_99_from_95,
    ratio_interval,
    share_interval,
)


def test_wilson_is_what_the_textbook_works_out():
    # Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    assert share_interval(81, 263, confidence=0.95) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert share_interval(15, 148, confidence=0.95) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert share_interval(0, 20, confidence=0.95) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert share_interval(1, 29, confidence=0.95) == pytest.approx((0.0061, 0.1718), abs=5e-5)
    assert share_interval(20, 20, confidence=0.95)[1] == 1.0
    with pytest.raises(ValueError, match="people"):
        share_interval(0, 0, confidence=0.95)


@pytest.mark.parametrize("events", [0, 3, 10, 60, 400])
@pytest.mark.parametrize("confidence", [0.95, 0.9999])
def test_byar_is_close_to_the_exact_poisson_interval_where_risks_are_low(events, confidence):
    from scipy.stats import chi2

    people = 200_000
    outcome = np.zeros(people, np.int8)
    outcome[:events] = 1
    risk = np.full(people, 100 / people)
    ratio, low, high = ratio_interval(risk, outcome, confidence=confidence)
    tail = (1 - confidence) / 2
    exact = (chi2.ppf(tail, 2 * events) / 2 if events else 0.0, chi2.isf(tail, 2 * events + 2) / 2)
    assert ratio == pytest.approx(events / 100)
    # Close to exact, also far out in the tail; where it differs with few events, it is the wider.
    assert low * 100 == pytest.approx(exact[0], rel=0.03, abs=0.1)
    assert high * 100 == pytest.approx(exact[1], rel=0.06)


@pytest.mark.parametrize("level", [-4.0, -1.0, 0.5])
def test_the_ratio_interval_holds_one_as_often_as_it_says_for_true_risks(level):
    """Also where risks are high, and Poisson's interval would be far too wide."""
    generator = np.random.default_rng(2)
    risk = probability(generator.normal(level, 1.0, 400))
    missed = widths = 0
    for _ in range(1_000):
        outcome = (generator.random(400) < risk).astype(np.int8)
        _, low, high = ratio_interval(risk, outcome, confidence=0.9)
        missed += not low <= 1 <= high
        widths += high - low
    # A correct interval misses 100 of 1,000 on average: 60 to 145 is 4 standard errors, and Byar errs to the wide side.
    assert 55 <= missed <= 145
    poisson = 2 * 1.645 / np.sqrt(risk.sum())
    assert widths / 1_000 < 1.1 * poisson * np.sqrt((risk * (1 - risk)).sum() / risk.sum()) + 0.02


def test_a_group_without_expected_events_has_no_ratio():
    with pytest.raises(ValueError, match="expected"):
        ratio_interval(np.zeros(3), np.zeros(3, np.int8), confidence=0.95)


def test_delong_is_what_placements_say_one_by_one():
    random = np.random.default_rng(3)
    score = np.round(random.normal(size=300), 1)
    outcome = (random.random(300) < probability(score - 1)).astype(np.int8)
    with_event, without = score[outcome == 1], score[outcome == 0]
    wins = (with_event[:, None] > without) + 0.5 * (with_event[:, None] == without)
    variance = wins.mean(axis=1).var(ddof=1) / len(with_event) + wins.mean(axis=0).var(ddof=1) / len(without)
    area, error = auroc_with_error(score, outcome)
    assert area == pytest.approx(wins.mean()) and error == pytest.approx(np.sqrt(variance))
    value, low, high = auroc_interval_of(score, outcome, confidence=0.95)
    assert (low, high) == pytest.approx((value - 1.96 * error, value + 1.96 * error), abs=1e-4)
    assert auroc_with_error(score[:2], np.array([1, 0], np.int8)) is None
    assert auroc_interval_of(score[:2], np.array([1, 0], np.int8), confidence=0.95) is None


def test_a_wider_interval_moves_each_end_by_itself():
    low, high = normal_99_from_95((1.0, 0.9, 1.3))
    assert low == pytest.approx(1 - 0.1 * 2.5758 / 1.95996, abs=1e-4)
    assert high == pytest.approx(1 + 0.3 * 2.5758 / 1.95996, abs=1e-4)
