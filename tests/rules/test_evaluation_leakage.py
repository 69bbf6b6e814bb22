"""Each leak is planted once and seen; what is clean raises no alarm."""

from datetime import date

import numpy as np
import pytest

from pipeline.rules import evaluation_leakage as leakage
from pipeline.rules.calibration import probability

DAY = date(2025, 10, 16)
UNSEEN = np.array([True, True, False, False])


def world(people=4_000, *, seed=1):
    random = np.random.default_rng(seed)
    odds = random.normal(-2, 1, people)
    return odds, (random.random(people) < probability(odds)).astype(np.int8), random


def test_a_feature_that_tells_the_outcome_is_named():
    odds, outcome, random = world()
    sparse = np.where(random.random(len(odds)) < 0.3, odds, np.nan)
    clean = {"age_years": odds + random.normal(size=len(odds)), "sparse": sparse, "nothing": np.full(len(odds), np.nan)}
    told = leakage.single_feature(clean, outcome, most=0.8)
    assert told["alarm"] is None and told["asked"] == 3
    assert {row["feature"] for row in told["strongest"]} == {"age_years", "sparse", "sparse, known or not"}
    # Reversed on purpose: a feature that is low for those who will be admitted tells as much.
    leaking = clean | {"discharge_days_since": -(outcome + 0.3 * random.normal(size=len(odds)))}
    told = leakage.single_feature(leaking, outcome, most=0.8)
    assert told["strongest"][0]["feature"] == "discharge_days_since" and told["strongest"][0]["auroc"] > 0.9
    assert told["alarm"].endswith("0.8: discharge_days_since")


def test_few_people_whom_a_feature_orders_well_by_chance_are_no_alarm():
    odds, outcome, random = world()
    few = np.full(len(odds), np.nan)
    few[np.flatnonzero(outcome == 1)[:20]] = 5.0
    few[np.flatnonzero(outcome == 0)[:25]] = 1.0
    assert leakage.single_feature({"palliative_care_days_since": few}, outcome, most=0.8)["alarm"] is None
    # Enough people, but one that lies above the bound only by chance: its interval reaches below.
    some = np.full(len(odds), np.nan)
    chosen = np.concatenate([np.flatnonzero(outcome == 1)[:40], np.flatnonzero(outcome == 0)[:60]])
    some[chosen] = outcome[chosen] * 1.5 + random.normal(size=100)
    told = leakage.single_feature({"hba1c_change": some}, outcome, most=0.8)
    assert told["strongest"][0]["auroc"] > 0.8 > told["strongest"][0]["low"] and told["alarm"] is None


def test_a_feature_that_is_known_only_of_those_who_were_admitted_is_named():
    _, outcome, _ = world()
    told = leakage.single_feature({"next_stay_nights": np.where(outcome == 1, 3.0, np.nan)}, outcome, most=0.8)
    assert told["alarm"].endswith("next_stay_nights, known or not")


def split(**changed):
    given = {
        "training_dates": [date(2024, 4, 16), date(2024, 10, 16)],
        "index_date": DAY,
        "horizon_months": 12,
        "is_in_training": np.array([False, False, True, True]),
        "is_unseen": UNSEEN,
    }
    return leakage.split(**(given | changed))


def test_a_split_by_rows_is_seen_by_its_dates():
    assert split()["alarm"] is None
    told = split(training_dates=[date(2024, 10, 16), DAY])
    assert "rows, not dates, were split" in told["alarm"] and "2025-10-16" in told["alarm"]
    assert "2024-10-17" in split(training_dates=[date(2024, 10, 17)])["alarm"]


def test_people_of_unseen_practices_may_not_have_been_learnt_from():
    told = split(is_in_training=np.array([True, False, True, False]))
    assert told["alarm"] == "1 people of unseen practices were learnt from"
    assert split(is_in_training=None)["unseen_people_learnt_from"] is None


def dates(**changed):
    given = {
        "windows": {"one": "counts [index_date - 3 or 12 months, index_date); days since: ever before the index date"},
        "days_since": {"a_days_since": np.array([1.0, np.nan, 30.0]), "b_days_since": np.array([np.nan] * 3)},
        "planted": {"people": 2, "events": 10, "moved": []},
        "index_date": DAY,
    }
    return leakage.dates(**(given | changed))


def test_a_feature_that_sees_one_day_too_far_is_seen_three_ways():
    assert dates()["alarm"] is None and dates()["latest_event_used_days_before"] == 1
    by_window = dates(
        windows={"good": "[index_date - 1 months, index_date)", "bad": "[index_date - 1 months, index_date]"}
    )
    assert by_window["windows_open"] == ["bad"] and "bad" in by_window["alarm"]
    by_days = dates(days_since={"a_days_since": np.array([0.0, 3.0])})
    assert by_days["columns_too_late"] == ["a_days_since"] and "a_days_since" in by_days["alarm"]
    by_planting = dates(planted={"people": 2, "events": 10, "moved": ["emergency_admissions_3m"]})
    assert by_planting["alarm"].endswith("change emergency_admissions_3m")
    assert "could not be tried" in dates(planted={"why_not": "no event is left"})["alarm"]
    assert dates(days_since={})["latest_event_used_days_before"] is None


@pytest.mark.parametrize(
    "text", ["the last year", "[index_date - 1 month, index_date + 1 day)", "[index_date - 1 month, index_date ]"]
)
def test_a_window_that_does_not_say_where_it_ends_is_open(text):
    assert leakage.windows_that_do_not_end({"it": text}) == ["it"]
    assert leakage.windows_that_do_not_end({"it": "[index_date - 5 months, index_date - 2 months)"}) == []


def test_what_is_known_by_chance_alone_alarms_when_it_is_not_chance():
    assert leakage.permuted((0.503, 0.49, 0.52), rounds=40, people=100)["alarm"] is None
    assert "0.600" in leakage.permuted((0.6, 0.58, 0.62), rounds=40, people=100)["alarm"]
    assert leakage.permuted((0.4, 0.38, 0.42), rounds=40, people=100)["alarm"] is not None


def test_nothing_orders_people_better_than_their_true_risk():
    assert leakage.above_the_oracle((-0.02, -0.03, -0.01)) is None
    assert leakage.above_the_oracle((0.001, -0.001, 0.003)) is None
    assert "must have seen" in leakage.above_the_oracle((0.01, 0.002, 0.02))


def test_what_is_too_good_is_named():
    assert leakage.above_what_is_possible({"the model": 0.85}, most=0.85) is None
    assert "(b)" in leakage.above_what_is_possible({"a": 0.8, "b": 0.86}, most=0.85)
