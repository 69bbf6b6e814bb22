"""Paired differences: what is really ahead is found ahead, what is the same is too close to say."""

import numpy as np
import pytest

from pipeline.rules.calibration import probability
from pipeline.rules.evaluation import auroc
from pipeline.rules.evaluation_differences import (
    beside_the_oracle,
    compared,
    measure_pair,
    pair,
    source_priced,
    verdict_of,
)
from pipeline.rules.evaluation_resampling import resample

PEOPLE = 4_000


def world(*, seed=1):
    random = np.random.default_rng(seed)
    odds = random.normal(-2, 1.2, PEOPLE)
    outcome = (random.random(PEOPLE) < probability(odds)).astype(np.int8)
    noise = random.normal(size=(3, PEOPLE))
    return odds, outcome, noise


def told(model, other, outcome, *, among=None, has_list=True):
    who = np.ones(PEOPLE, bool) if among is None else among
    one = pair(model, other, outcome, among=who, cut_pct=2)
    draws = resample({"it": measure_pair(one)}, people=PEOPLE, resamples=80, seed=2)["it"]
    return compared(one, draws, has_list=has_list)


def test_a_better_score_is_ahead_and_the_interval_is_of_the_difference():
    odds, outcome, noise = world()
    model, other = odds + 0.5 * noise[0], odds + 1.5 * noise[1]
    one = told(model, other, outcome)
    value, low, high = one["auroc_difference"]
    assert value == pytest.approx(auroc(model, outcome) - auroc(other, outcome))
    assert 0 < low < value < high and one["verdict"] == "ahead"
    assert told(other, model, outcome)["verdict"] == "behind"
    # Two scores of the same people move together: their difference is surer than either.
    assert high - low < one["model_auroc"][2] - one["model_auroc"][1] + one["score_auroc"][2] - one["score_auroc"][1]


def test_the_same_score_twice_is_too_close_to_say():
    odds, outcome, _ = world()
    one = told(odds, odds * 2, outcome)
    assert one["auroc_difference"] == [0, 0, 0] and one["verdict"] == "too close to say"
    assert one["found_difference"] == [0, 0, 0]
    assert verdict_of([0.1, -0.1, 0.3]) == "too close to say"


def test_a_population_of_its_own_and_no_list_for_another_outcome():
    odds, outcome, noise = world()
    among = np.arange(PEOPLE) % 4 == 0
    one = told(odds, noise[0], outcome, among=among, has_list=False)
    assert (one["people"], one["events"]) == (PEOPLE // 4, int(outcome[among].sum()))
    assert one["found_difference"] is None
    assert pair(odds, odds, outcome, among=np.zeros(PEOPLE, bool), cut_pct=2) is None


def test_a_source_costs_what_the_model_without_it_loses():
    odds, outcome, noise = world()
    one = pair(odds + 0.3 * noise[0], odds + 1.2 * noise[1], outcome, among=np.ones(PEOPLE, bool), cut_pct=2)
    priced = source_priced(one, resample({"it": measure_pair(one)}, people=PEOPLE, resamples=60, seed=1)["it"])
    assert priced["auroc_cost"][0] == pytest.approx(
        auroc(odds + 0.3 * noise[0], outcome) - auroc(odds + 1.2 * noise[1], outcome)
    )
    assert priced["auroc_cost"][1] > 0
    assert priced["found_all"][0] - priced["found"][0] == priced["found_cost"][0]


def beside(model, odds, outcome, plain):
    everyone = np.ones(PEOPLE, bool)
    pairs = {
        "oracle": pair(model, odds, outcome, among=everyone, cut_pct=2),
        "plain": pair(model, plain, outcome, among=everyone, cut_pct=2),
    }
    draws = resample({name: measure_pair(one) for name, one in pairs.items()}, people=PEOPLE, resamples=80, seed=3)
    return beside_the_oracle(pairs["oracle"], pairs["plain"], draws, names=("oracle", "plain"))


def test_the_share_of_the_lift_lies_between_nothing_and_everything_known():
    odds, outcome, noise = world()
    plain = odds + 3 * noise[0]
    some = beside(odds + 0.8 * noise[1], odds, outcome, plain)
    assert 0.3 < some["lift_share"][0] < 0.95
    assert some["model_minus_oracle"][2] < 0
    everything = beside(odds, odds, outcome, plain)
    assert everything["lift_share"][0] == 1 and everything["model_minus_oracle"] == [0, 0, 0]
    assert beside(plain, odds, outcome, plain)["lift_share"][0] == 0
