"""Calibration says what it means and never puts one person above another who scored higher."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import ModelUnfit
from pipeline.rules.calibration import (
    apply_calibration,
    calibrating_dates,
    calibration_from_json,
    fit_calibration,
    fit_line,
    odds_from_probability,
    probability,
)

METHODS = ("platt", "beta", "isotonic")


def drawn(*, seed: int, people: int = 20_000, slope: float = 1.0, shift: float = 0.0):
    """Log-odds that are off by a slope and a shift, and outcomes from the true ones."""
    random = np.random.default_rng(seed)
    true = random.normal(-2.5, 1.0, people)
    outcome = (random.random(people) < probability(true)).astype(np.int8)
    return (true - shift) / slope, outcome, true


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("slope", "shift"), [(1.0, 0.0), (0.5, 0.4), (2.0, -1.0)])
def test_bent_scores_come_back_to_the_truth(method, slope, shift):
    raw, outcome, true = drawn(seed=1, slope=slope, shift=shift)
    risk = apply_calibration(fit_calibration(raw, outcome, method=method), raw)
    assert abs(risk.mean() - outcome.mean()) < 0.002
    assert np.abs(risk - probability(true)).mean() < 0.02


def test_platt_finds_the_line_it_was_bent_by():
    raw, outcome, _ = drawn(seed=2, people=100_000, slope=0.5, shift=0.4)
    fitted = fit_calibration(raw, outcome, method="platt")
    assert fitted.slope == pytest.approx(0.5, abs=0.02) and fitted.intercept == pytest.approx(0.4, abs=0.05)


def test_beta_puts_a_top_right_that_a_line_cannot():
    """Raw scores that claim too much above even chances only: over 70 in 100 where 60 come."""
    true_raw, outcome, true = drawn(seed=5, people=200_000)
    raw = np.where(true > -1, -1 + (true_raw + 1) * 1.6, true_raw)
    gap = {}
    for method in ("platt", "beta"):
        risk = apply_calibration(fit_calibration(raw, outcome, method=method), raw)
        top = risk > 0.4
        gap[method] = abs(risk[top].mean() - probability(true[top]).mean())
    assert gap["beta"] < 0.02 < gap["platt"]


@settings(max_examples=60, deadline=None)
@given(
    method=st.sampled_from(METHODS),
    seed=st.integers(0, 50),
    scores=st.lists(st.floats(-25, 25), min_size=2, max_size=40),
)
def test_order_is_never_reversed_and_risk_is_a_probability(method, seed, scores):
    raw, outcome, _ = drawn(seed=seed, people=600)
    fitted = fit_calibration(raw, outcome, method=method)
    risk = apply_calibration(fitted, np.sort(np.array(scores)))
    assert (np.diff(risk) >= 0).all()
    assert ((risk > 0) & (risk < 1)).all()


@pytest.mark.parametrize("method", METHODS)
def test_people_beyond_the_fitted_range_do_not_tie(method):
    raw, outcome, _ = drawn(seed=3)
    risk = apply_calibration(fit_calibration(raw, outcome, method=method), raw.max() + np.array([0.5, 1.0, 1.5]))
    assert risk[0] < risk[1] < risk[2]


@pytest.mark.parametrize("method", METHODS)
def test_survives_json(method):
    raw, outcome, _ = drawn(seed=4)
    fitted = fit_calibration(raw, outcome, method=method)
    assert calibration_from_json(fitted.as_json()) == fitted


@pytest.mark.parametrize("method", METHODS)
def test_a_score_that_means_the_opposite_is_unfit(method):
    raw, outcome, _ = drawn(seed=5)
    with pytest.raises(ModelUnfit, match="do not go with more events"):
        fit_calibration(-raw, outcome, method=method)


@pytest.mark.parametrize("method", METHODS)
def test_needs_both_outcomes_and_equal_lengths(method):
    with pytest.raises(ModelUnfit, match="with and people without"):
        fit_calibration(np.array([0.1, 0.2]), np.array([0, 0], np.int8), method=method)
    with pytest.raises(ValueError, match="length"):
        fit_calibration(np.array([0.1, 0.2]), np.array([0], np.int8), method=method)


def test_separated_classes_still_give_a_finite_line():
    fitted = fit_calibration(np.array([-2.0, -1.0, 1.0, 2.0]), np.array([0, 0, 1, 1], np.int8), method="platt")
    assert 0 < fitted.slope < 10


def test_equal_scores_fit_the_level_only():
    intercept, slope = fit_line(np.zeros(10), np.array([1.0, 1.0, 0, 0, 0, 0, 0, 0, 0, 0]))
    assert probability(np.array([intercept]))[0] == pytest.approx(0.2) and slope == 1.0


@pytest.mark.parametrize(
    "content",
    [
        {"method": "platt", "intercept": 0.0, "slope": -1.0},
        {"method": "beta", "intercept": 0.0, "slope": 1.0, "slope_high": 0.0},
        {"method": "isotonic", "knots": [0.0, 1.0], "heights": [1.0, 0.0]},
        {"method": "isotonic", "knots": [1.0, 0.0], "heights": [0.0, 1.0]},
        {"method": "isotonic", "knots": [], "heights": []},
    ],
)
def test_a_file_that_would_reverse_an_order_is_refused(content):
    with pytest.raises(ModelUnfit, match="reverse"):
        calibration_from_json(content)


@pytest.mark.parametrize(
    ("which", "at_least", "dates"),
    [
        ("newest_index_date", 50, ["2024-10-16"]),
        ("newest_index_date", 51, ["2024-04-16", "2024-07-16", "2024-10-16"]),
        ("all_index_dates", 1, ["2024-04-16", "2024-07-16", "2024-10-16"]),
    ],
)
def test_the_newest_date_calibrates_alone_from_so_many_events_on(which, at_least, dates):
    events = {"2024-07-16": 900, "2024-10-16": 50, "2024-04-16": 900}
    assert list(calibrating_dates(events, which=which, at_least=at_least)) == dates
    assert calibrating_dates({"2024-10-16": 0}, which=which, at_least=at_least) == ("2024-10-16",)


def test_log_odds_and_probability_undo_each_other():
    risk = np.array([0.001, 0.2, 0.5, 0.97])
    assert probability(odds_from_probability(risk)) == pytest.approx(risk)
    assert probability(np.array([-1e9, 1e9])).tolist() == pytest.approx([0.0, 1.0], abs=1e-12)
