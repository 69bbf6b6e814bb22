"""Which rows calibrate: those of the newest training date, and of all dates where that one has too few events."""

import json
from datetime import date

import numpy as np
import pytest
from invented_frame import COLUMNS, HOLDOUT, PEOPLE, TRAINING, invented, learned, quick_plan, shuffled

from pipeline.engines.learner import LabelledTable
from pipeline.engines.learner_candidates import calibrated_on
from pipeline.engines.learner_matrix import stack


def doubled(table: LabelledTable, *, index_date: date) -> LabelledTable:
    """An older date on which twice as many had the outcome for the same records: rates have fallen since."""
    more = np.random.default_rng(7).random(PEOPLE) < table.outcome.mean()
    return LabelledTable(index_date, table.features, (table.outcome.astype(bool) | more).astype(np.int8))


FALLEN = [doubled(invented(date(2024, 4, 16), seed=1), index_date=date(2024, 4, 16)), TRAINING[1]]
NEWEST, OLDEST = FALLEN[1].index_date.isoformat(), FALLEN[0].index_date.isoformat()
EVENTS = int(FALLEN[1].outcome.sum())


@pytest.fixture(scope="module")
def of_newest():
    return learned(FALLEN, calibrate_on="newest_index_date", calibrate_from_events=EVENTS)


@pytest.fixture(scope="module")
def of_all():
    return learned(FALLEN, calibrate_on="all_index_dates")


def expected_over_observed(trained, name: str) -> float:
    return float(trained.holdout_risks[name].sum() / HOLDOUT.outcome.sum())


@pytest.mark.parametrize("name", ["risk", "risk_logistic", "risk_age_sex", "risk_acute_only"])
def test_the_newest_date_says_how_many_and_no_older_one(of_newest, of_all, name):
    """The hold-out's rate is the newest date's: every model of the family says so, and not the mean of both dates."""
    assert 0.9 < expected_over_observed(of_newest, name) < 1.1
    assert expected_over_observed(of_all, name) > 1.25


def test_the_trees_are_the_same_and_only_the_calibration_differs(of_newest, of_all):
    differ = {name for name, content in of_newest.files.items() if of_all.files.get(name) != content}
    calibrations = {name for name in of_newest.files if name.endswith("calibration.json")}
    assert differ == {*calibrations, "metrics.json", "manifest.json"}


def test_the_artefact_says_what_calibrated_it(of_newest, of_all):
    told = json.loads(of_newest.files["manifest.json"])["calibration"]
    assert told == {
        "method": "beta",
        "index_dates": [NEWEST],
        "events": EVENTS,
        "asked_for": "newest_index_date",
        "says": None,
    }
    whole = of_all.metrics["calibration"]
    assert whole["index_dates"] == [OLDEST, NEWEST] and whole["says"] is None
    assert whole["events"] == sum(int(table.outcome.sum()) for table in FALLEN)


def test_with_one_event_too_few_all_dates_calibrate_and_the_artefact_says_so(of_all):
    trained = learned(FALLEN, calibrate_on="newest_index_date", calibrate_from_events=EVENTS + 1)
    told = json.loads(trained.files["manifest.json"])["calibration"]
    assert told["index_dates"] == [OLDEST, NEWEST]
    assert told["says"].startswith(f"the newest index date has {EVENTS:,} people with the outcome, fewer than")
    for name, content in trained.files.items():
        if name.endswith("calibration.json"):
            assert content == of_all.files[name]


def test_same_bytes_in_any_order_with_any_number_of_threads(of_newest):
    mixed = [shuffled(table, seed=9) for table in reversed(FALLEN)]
    again = learned(
        mixed,
        shuffled(HOLDOUT, seed=8),
        threads=2,
        calibrate_on="newest_index_date",
        calibrate_from_events=EVENTS,
    )
    assert dict(again.files) == dict(of_newest.files) and again.model_id == of_newest.model_id


def test_rows_of_a_date_are_found_where_dates_differ_in_size():
    short = LabelledTable(FALLEN[0].index_date, FALLEN[0].features.slice(0, 100), FALLEN[0].outcome[:100])
    rows = stack([FALLEN[1], short], COLUMNS)
    plan = quick_plan(calibrate_on="newest_index_date", calibrate_from_events=1)
    of_now = rows.of_dates(calibrated_on(rows, plan=plan))
    assert list(np.flatnonzero(~of_now)) == list(range(100)) and len(of_now) == 100 + PEOPLE
    assert int(rows.outcome[of_now].sum()) == EVENTS
    assert rows.of_dates([OLDEST, NEWEST]).all() and not rows.of_dates([]).any()
