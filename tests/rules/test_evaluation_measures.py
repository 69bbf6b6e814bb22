"""A part's measures: right where the truth is known, with intervals that hold it, whatever the order of draws."""

import numpy as np
import pytest

from pipeline.rules.calibration import probability
from pipeline.rules.evaluation import brier, calibration_bins, observed_over_expected
from pipeline.rules.evaluation_measures import described, measure_of, population
from pipeline.rules.evaluation_resampling import everyone_once, resample


def part(risk, outcome, *, among=None, resamples=60):
    everyone = np.ones(len(risk), dtype=bool) if among is None else among
    one = population(risk, outcome, among=everyone, bins=20, top_pct=(1, 5))
    draws = resample({"it": measure_of(one)}, people=len(risk), resamples=resamples, seed=1)
    return described(one, draws["it"])


def true_world(people=6_000, *, seed=1, spoil=lambda odds: odds):
    random = np.random.default_rng(seed)
    odds = random.normal(-2, 1, people)
    outcome = (random.random(people) < probability(odds)).astype(np.int8)
    return np.round(probability(spoil(odds)), 6), outcome


def test_every_measure_of_true_risks_is_right_and_its_interval_holds_it():
    risk, outcome = true_world()
    told = part(risk, outcome)
    for name, truth in (("oe", 1.0), ("slope", 1.0), ("intercept", 0.0)):
        estimate, low, high = told[name]
        assert low < truth < high and low < estimate < high, name
    assert told["brier"][0] == pytest.approx(brier(risk, outcome))
    assert told["oe"][0] == pytest.approx(observed_over_expected(risk, outcome))
    keys = [f"{place:05d}" for place in range(len(risk))]
    table = calibration_bins(risk, outcome, bins=20, person_keys=keys)
    assert [(row["people"], row["observed"]) for row in told["bins"]] == [(row.people, row.observed) for row in table]
    error = sum(row.people * abs(row.observed - row.expected) for row in table) / len(risk)
    assert told["ece_20"][0] == pytest.approx(error)
    assert told["ece_20"][1] <= error
    assert [row["k"] for row in told["top"]] == [60, 300]
    assert told["top"][0]["number_needed_to_review"][0] == pytest.approx(1 / told["top"][0]["ppv"][0])


def test_the_calibration_error_by_chance_is_the_average_of_true_risks():
    risk, _ = true_world(2_000)
    random, errors = np.random.default_rng(5), []
    for _ in range(150):
        outcome = (random.random(2_000) < risk).astype(np.int8)
        one = population(risk, outcome, among=np.ones(2_000, bool), bins=20, top_pct=(1,))
        errors.append(measure_of(one)(everyone_once(2_000))["ece"])
    told = part(risk, outcome, resamples=2)
    assert told["ece_20_by_chance"] == pytest.approx(np.mean(errors), rel=0.05)


def test_intervals_of_slope_by_one_step_are_those_of_a_whole_fit_in_each_draw():
    from pipeline.rules.calibration import fit_line, odds_from_probability

    risk, outcome = true_world(1_500, seed=3, spoil=lambda odds: 1.3 * odds)
    told = part(risk, outcome, resamples=200)
    random, odds, slopes = np.random.default_rng(9), odds_from_probability(risk), []
    for _ in range(200):
        who = random.integers(0, len(risk), len(risk))
        slopes.append(fit_line(odds[who], outcome[who].astype(float))[1])
    low, high = np.percentile(slopes, [2.5, 97.5])
    assert told["slope"][1:] == pytest.approx([low, high], abs=0.03)
    assert told["slope"][2] < 0.95  # risks that are stretched are seen


def test_risks_for_another_population_are_seen():
    """Twice the events that happened: observed over expected near a half, as for people of another region."""
    risk, outcome = true_world(seed=4, spoil=lambda odds: odds + 1.1)
    told = part(risk, outcome)
    assert told["oe"][0] == pytest.approx(0.5, abs=0.06) and told["oe"][2] < 0.6
    assert told["ece_20"][1] > 5 * told["ece_20_by_chance"]


def test_a_part_knows_only_its_own_people():
    risk, outcome = true_world(3_000)
    among = np.arange(3_000) % 2 == 0
    inside, alone = part(risk, outcome, among=among), part(risk[among], outcome[among])
    same = ("people", "events", "prevalence", "log_loss", "bins", "bands", "largest_gap")
    assert all(inside[name] == alone[name] for name in same)
    assert inside["auroc"][0] == alone["auroc"][0]
    assert population(risk, np.zeros(3_000, np.int8), among=among, bins=20, top_pct=(1,)) is None


def test_an_interval_tells_of_a_draw_without_events_as_nothing():
    risk, outcome = np.linspace(0.01, 0.02, 40), np.zeros(40, np.int8)
    outcome[3] = 1
    told = part(risk, outcome, resamples=80)
    assert told["auroc"][1] is not None and told["people"] == 40
    one = population(risk, outcome, among=np.ones(40, bool), bins=20, top_pct=(1,))
    nobody = measure_of(one)(np.zeros(40, dtype=np.int64))
    assert np.isnan(nobody["brier"]) and np.isnan(nobody["ece"]) and np.isnan(nobody["intercept"])
    assert measure_of(one)(everyone_once(40))["oe"] == pytest.approx(1 / risk.sum())


def test_equal_risks_have_a_level_and_no_slope():
    risk, outcome = np.full(100, 0.1), (np.arange(100) < 10).astype(np.int8)
    one = population(risk, outcome, among=np.ones(100, bool), bins=20, top_pct=(1,))
    measured = measure_of(one)(everyone_once(100))
    assert measured["intercept"] == pytest.approx(0, abs=1e-6) and np.isnan(measured["slope"])
