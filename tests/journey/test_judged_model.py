"""The model of the finished home judged whole: from the rows its training kept, the store, and the region's truth."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from finished_home import Demo
from homes import copy_home

from pipeline.ledger import models
from pipeline.steps.at_hand.context import Context, open_context
from pipeline.steps.model.evaluate import JSON, PAGE, evaluate, read_evaluation
from pipeline.steps.run.run import MODEL
from pipeline.store import layout


@pytest.fixture(scope="module")
def judged(home: Demo, region: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Context, str]]:
    """A copy of the home in which its champion was evaluated."""
    copy = tmp_path_factory.mktemp("judged") / "home"
    context = open_context(copy_home(home.home, copy))
    champion = models.champion(context.ledger, name=MODEL)
    assert champion is not None
    evaluate(context, model_id=champion.model_id, truth=region / "landing" / "_truth")
    yield context, champion.model_id
    context.ledger.engine.dispose()


@pytest.fixture(scope="module")
def told(judged: tuple[Context, str]) -> dict[str, Any]:
    context, model_id = judged
    found = read_evaluation(context, model_id)
    assert found is not None
    return found


def test_no_check_for_leaks_alarms_and_none_was_left_out(told: dict[str, Any]) -> None:
    assert told["leakage"]["alarms"] == []
    planted = told["leakage"]["dates"]["planted"]
    assert planted["people"] > 500 and planted["events"] > 10_000 and planted["moved"] == []
    assert told["leakage"]["split"]["unseen_people_learnt_from"] == 0
    assert told["leakage"]["oracle"]["model_minus_oracle"][2] > -1


def test_the_model_stands_between_age_and_sex_and_the_true_risk(told: dict[str, Any]) -> None:
    beside = told["oracle"]
    assert beside["people"] > 500
    assert beside["age_sex_auroc"][0] < beside["model_auroc"][0] < beside["oracle_auroc"][0] < 0.95
    assert 0 < beside["lift_share"][0] < 1


def test_of_so_few_people_all_training_dates_calibrate_and_the_evaluation_says_so(told: dict[str, Any]) -> None:
    calibration = told["calibration"]
    assert calibration["asked_for"] == "newest_index_date"
    assert calibration["index_dates"] == told["holdout"]["training_index_dates"]
    assert calibration["says"].endswith("so all training dates calibrate")


def test_every_known_score_is_measured_on_its_own_people(told: dict[str, Any]) -> None:
    lacking = {row["score"]: row["why_not"] for row in told["differences"] if "why_not" in row}
    # Of so few people hardly anybody was discharged in the last month: then nobody, or everybody, is back.
    assert set(lacking) <= {"lace", "parr_30"} and all("too few" in why for why in lacking.values())
    people = {row["score"]: row["people"] for row in told["differences"] if "people" in row}
    assert people["hospital_frailty"] < people["frailty_index"] < people["age_sex"]


def test_evaluated_again_it_gives_the_same_bytes(judged: tuple[Context, str], region: Path) -> None:
    context, model_id = judged
    folder = layout.evaluation(context.settings.home, model_id)
    before = {name: (folder / name).read_bytes() for name in (JSON, PAGE)}
    evaluate(context, model_id=model_id, truth=region / "landing" / "_truth")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert len(models.evaluations(context.ledger, model_id=model_id)) == 1
