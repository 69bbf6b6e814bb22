"""Measures checked by hand on small tables, against scikit-learn on larger ones, and by property."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.rules import evaluation
from pipeline.rules.calibration import probability

RISK = np.array([0.9, 0.8, 0.8, 0.3, 0.3, 0.1])
OUTCOME = np.array([1, 1, 0, 0, 1, 0], np.int8)
KEYS = ["f", "e", "d", "c", "b", "a"]


def drawn(seed: int, people: int = 3000, *, grid: int = 50):
    """Calibrated risks on a coarse grid, so that ties abound."""
    random = np.random.default_rng(seed)
    risk = np.round(probability(random.normal(-2, 1, people)) * grid + 0.5).clip(1, grid - 1) / grid
    return risk, (random.random(people) < risk).astype(np.int8), [f"p{n:05d}" for n in range(people)]


def test_auroc_counts_ties_as_a_half():
    # 9 pairs: 0.9 beats three; 0.8 ties one and beats two; 0.3 loses one, ties one, beats one.
    assert evaluation.auroc(RISK, OUTCOME) == pytest.approx((3 + 2.5 + 1.5) / 9)
    assert evaluation.auroc(np.full(6, 0.5), OUTCOME) == 0.5
    assert evaluation.auroc(OUTCOME.astype(float), OUTCOME) == 1.0


@pytest.mark.parametrize("seed", range(3))
def test_agrees_with_scikit_learn(seed):
    from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

    risk, outcome, _ = drawn(seed)
    assert evaluation.auroc(risk, outcome) == pytest.approx(roc_auc_score(outcome, risk))
    assert evaluation.average_precision(risk, outcome) == pytest.approx(average_precision_score(outcome, risk))
    assert evaluation.brier(risk, outcome) == pytest.approx(brier_score_loss(outcome, risk))
    assert evaluation.log_loss(risk, outcome) == pytest.approx(log_loss(outcome, risk))


def test_top_k_takes_exactly_k_and_breaks_ties_by_key():
    # At k = 2 the tie at 0.8 goes to key "d", who had no event, not to "e", who comes first in the rows.
    two = evaluation.top_k(RISK, OUTCOME, person_keys=KEYS, k=2)
    assert (two.k, two.events_found, two.ppv, two.sensitivity) == (2, 1, 0.5, pytest.approx(1 / 3))
    assert evaluation.top_k(RISK, OUTCOME, person_keys=KEYS, k=6).sensitivity == 1.0
    for k in (0, 7):
        with pytest.raises(ValueError, match="k must be"):
            evaluation.top_k(RISK, OUTCOME, person_keys=KEYS, k=k)


def test_calibration_line_and_ratio_see_a_bend_and_a_shift():
    random = np.random.default_rng(7)
    true = random.normal(-2, 1, 60_000)
    outcome = (random.random(len(true)) < probability(true)).astype(np.int8)
    intercept, slope = evaluation.calibration_line(probability(true), outcome)
    assert intercept == pytest.approx(0, abs=0.05) and slope == pytest.approx(1, abs=0.04)
    _, stretched = evaluation.calibration_line(probability(true * 2), outcome)
    assert stretched == pytest.approx(0.5, abs=0.03)
    raised, _ = evaluation.calibration_line(probability(true + 0.7), outcome)
    assert raised == pytest.approx(-0.7, abs=0.05)
    assert evaluation.observed_over_expected(np.full(4, 0.25), np.array([1, 1, 0, 0], np.int8)) == 2.0


def test_bins_are_equal_counts_by_rising_risk():
    risk, outcome, keys = drawn(1, people=1003)
    bins = evaluation.calibration_bins(risk, outcome, bins=20, person_keys=keys)
    assert len(bins) == 20 and {row.people for row in bins} == {50, 51}
    assert sum(row.people for row in bins) == 1003
    expected = [row.expected for row in bins]
    assert expected == sorted(expected)
    assert sum(row.people * row.observed for row in bins) == pytest.approx(outcome.sum())


def test_fixed_bands_of_risk_count_everyone_once_each_from_its_edge():
    risk = np.array([0.0, 0.049999, 0.05, 0.15, 0.699999, 0.7, 0.9, 1.0])
    outcome = np.array([0, 0, 1, 0, 1, 1, 1, 0], np.int8)
    bands = {row.from_risk: row for row in evaluation.by_risk(risk, outcome)}
    assert tuple(bands) == evaluation.RISK_EDGES
    assert [row.people for row in bands.values()] == [2, 1, 0, 1, 0, 0, 1, 1, 2]
    assert (bands[0.9].to_risk, bands[0.9].expected, bands[0.9].observed) == (1.0, 0.95, 0.5)
    assert (bands[0.7].observed, bands[0.05].observed, bands[0.15].observed) == (1.0, 1.0, 0.0)
    assert (bands[0.1].expected, bands[0.1].observed) == (None, None)
    assert all(
        one.to_risk == next_.from_risk for one, next_ in zip(bands.values(), list(bands.values())[1:], strict=False)
    )


def test_interval_is_of_people_and_repeats_for_a_seed():
    risk, outcome, keys = drawn(2)
    low, high = evaluation.auroc_interval(risk, outcome, person_keys=keys, resamples=200, seed=5)
    assert low < evaluation.auroc(risk, outcome) < high
    again = evaluation.auroc_interval(risk, outcome, person_keys=keys, resamples=200, seed=5)
    assert (low, high) == again
    # The same people seen four times are not four times the evidence.
    four = evaluation.auroc_interval(np.tile(risk, 4), np.tile(outcome, 4), person_keys=keys * 4, resamples=200, seed=5)
    assert four == pytest.approx((low, high), abs=1e-9)


def evaluated(risk, outcome, keys):
    return evaluation.evaluate(risk, outcome=outcome, person_keys=keys, top_pct=(0.5, 2), bins=20, resamples=50, seed=1)


def test_evaluate_gathers_and_rounds_everything():
    risk, outcome, keys = drawn(3)
    measured = evaluated(risk, outcome, keys)
    assert measured["auroc"] == round(evaluation.auroc(risk, outcome), 6)
    assert [row["k"] for row in measured["top"]] == [15, 60]
    assert measured["expected_calibration_error"] <= measured["largest_calibration_gap"]
    assert len(measured["calibration_bins"]) == 20
    assert [row["from_risk"] for row in measured["by_risk"]] == list(evaluation.RISK_EDGES)
    assert sum(row["people"] for row in measured["by_risk"]) == 3000
    assert sum(row["people"] * (row["observed"] or 0) for row in measured["by_risk"]) == pytest.approx(
        outcome.sum(), abs=0.01
    )
    assert "person_key" in measured["tie_rule"]


def test_the_order_of_rows_changes_no_list_and_no_bin():
    risk, outcome, keys = drawn(4)
    order = np.random.default_rng(6).permutation(len(keys))
    one, other = (
        evaluated(risk, outcome, keys),
        evaluated(risk[order], outcome[order], [keys[place] for place in order]),
    )
    for name in ("auroc", "auroc_low", "auroc_high", "average_precision", "top", "calibration_bins", "by_risk"):
        assert one[name] == other[name], name


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 9), st.booleans()), min_size=3, max_size=60))
def test_auroc_is_about_order_alone(people):
    risk = np.array([score / 10 for score, _ in people])
    outcome = np.array([event for _, event in people], np.int8)
    if not 0 < outcome.sum() < len(outcome):
        with pytest.raises(ValueError, match="with and people without"):
            evaluation.auroc(risk, outcome)
        return
    value = evaluation.auroc(risk, outcome)
    assert 0 <= value <= 1
    assert evaluation.auroc(risk**3, outcome) == pytest.approx(value)
    assert evaluation.auroc(1 - risk, outcome) == pytest.approx(1 - value)


def test_lengths_must_match():
    with pytest.raises(ValueError, match="length"):
        evaluation.auroc(RISK, OUTCOME[:3])


def test_only_an_auroc_above_what_peers_reach_alarms():
    assert evaluation.too_good({"lightgbm": 0.85, "logistic": 0.8}) is None
    assert "(lightgbm)" in evaluation.too_good({"lightgbm": 0.851, "logistic": 0.8})
    assert "(lightgbm and logistic)" in evaluation.too_good({"lightgbm": 0.9, "logistic": 0.9})


def test_rounding_leaves_no_negative_nought():
    assert str(evaluation.rounded({"a": [-1e-9, 1.23456789]})) == "{'a': [0.0, 1.234568]}"
