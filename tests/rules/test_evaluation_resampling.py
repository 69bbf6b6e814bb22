"""Measures under resampling: equal to scikit-learn's with sample weights, paired, by person, and quick."""

import numpy as np
import pytest

from pipeline.rules.calibration import probability
from pipeline.rules.evaluation import top_k
from pipeline.rules.evaluation_resampling import (
    everyone_once,
    list_size,
    normal_interval,
    ordering_measures,
    percentile_interval,
    ranked,
    resample,
)


def drawn(seed: int, people: int = 2_000, *, grid: int = 40):
    """Risks on a coarse grid, so that ties abound, and outcomes by them."""
    random = np.random.default_rng(seed)
    risk = np.round(probability(random.normal(-2, 1, people)) * grid + 0.5).clip(1, grid - 1) / grid
    return risk, (random.random(people) < risk).astype(np.int8)


@pytest.mark.parametrize("seed", range(3))
def test_a_draw_is_the_same_as_sample_weights_in_scikit_learn(seed):
    from sklearn.metrics import average_precision_score, roc_auc_score

    risk, outcome = drawn(seed)
    weights = np.random.default_rng(seed).poisson(1, len(risk)).astype(np.int64)
    measured = ordering_measures(ranked(risk, outcome), weights)
    assert measured["auroc"] == pytest.approx(roc_auc_score(outcome, risk, sample_weight=weights), abs=1e-12)
    weighted = average_precision_score(outcome, risk, sample_weight=weights)
    assert measured["average_precision"] == pytest.approx(weighted, abs=1e-12)


def test_the_sample_itself_fills_exactly_the_list_of_the_registers():
    risk, outcome = drawn(4)
    keys = [f"p{place:05d}" for place in range(len(risk))]
    measured = ordering_measures(ranked(risk, outcome), everyone_once(len(risk)), top_pct=(0.5, 2, 7))
    for pct in (0.5, 2, 7):
        expected = top_k(risk, outcome, person_keys=keys, k=list_size(len(risk), pct))
        assert measured[f"found_{pct:g}"] == expected.events_found
        assert measured[f"ppv_{pct:g}"] == expected.ppv
        assert measured[f"sensitivity_{pct:g}"] == expected.sensitivity


def test_a_list_takes_of_a_person_drawn_often_only_as_many_as_fit():
    risk, outcome = np.array([0.9, 0.8, 0.1, 0.1]), np.array([1, 0, 0, 1], np.int8)
    measured = ordering_measures(ranked(risk, outcome), np.array([3, 1, 0, 0]), top_pct=(50,))
    assert (measured["found_50"], measured["ppv_50"], measured["sensitivity_50"]) == (2, 1.0, 2 / 3)


def test_a_population_is_ordered_without_the_others():
    risk, outcome = drawn(5)
    among = np.arange(len(risk)) % 3 == 0
    inside = ordering_measures(ranked(risk, outcome, among=among), everyone_once(len(risk)))
    alone = ordering_measures(ranked(risk[among], outcome[among]), everyone_once(int(among.sum())))
    assert inside == alone
    with pytest.raises(ValueError, match="score"):
        ranked(np.array([np.nan, 0.1]), np.array([0, 1], np.int8))


def test_what_a_draw_cannot_say_is_nan_and_the_interval_does_without_it():
    measured = ordering_measures(ranked(np.array([0.2, 0.1]), np.array([1, 0], np.int8)), np.array([2, 0]))
    assert np.isnan(measured["auroc"])
    assert percentile_interval(np.array([np.nan, 1.0, 2.0, 3.0])) == pytest.approx((1.05, 2.95))
    assert all(np.isnan(percentile_interval(np.array([np.nan]))))
    low, high = normal_interval(0.5, np.array([0.4, 0.5, 0.6]), confidence=0.95)
    assert (low, high) == pytest.approx((0.5 - 0.196, 0.5 + 0.196), abs=1e-3)


def test_draws_repeat_for_a_seed_and_cover_the_truth_as_often_as_they_say():
    """Mean of 0/1 among 400 people: 95% intervals hold the true share in about 95 of 100 samples."""
    generator = np.random.default_rng(1)
    held = 0
    for sample in range(100):
        outcome = (generator.random(400) < 0.3).astype(np.int64)

        def share(weights, outcome=outcome):
            return {"share": float((weights * outcome).sum() / weights.sum())}

        one = resample({"a": share}, people=400, resamples=120, seed=sample)
        low, high = percentile_interval(one["a"]["share"])
        held += low <= 0.3 <= high
    assert 88 <= held <= 99
    again = resample({"a": share}, people=400, resamples=120, seed=99)
    assert (again["a"]["share"] == one["a"]["share"]).all()


def test_every_measure_sees_the_same_draws():
    seen = {"a": [], "b": []}

    def keeps(name):
        return lambda weights: seen[name].append(weights.copy()) or {"n": float(weights.sum())}

    resample({"a": keeps("a"), "b": keeps("b")}, people=50, resamples=5, seed=3)
    assert all((one == other).all() for one, other in zip(seen["a"], seen["b"], strict=True))
    assert all(weights.sum() == 50 for weights in seen["a"])
    assert list_size(50, 2) == 1 and list_size(51, 2) == 2 and list_size(200_000, 0.5) == 1_000
