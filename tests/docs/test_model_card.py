"""The card and the record say what is declared, and of a trained model what was measured: no figure of their own."""

import copy
import json
from typing import Any

import pytest
from project_pages import PROJECT

from pipeline.contracts.feature import load_features
from pipeline.contracts.model import load_plan
from pipeline.contracts.model_card import measured, model_card
from pipeline.contracts.settings import read_settings
from pipeline.contracts.statement import load_statement
from pipeline.errors import ContractError
from pipeline.steps.at_hand.context import Context
from pipeline.steps.docs.cards import CARD, RECORD, cards
from pipeline.steps.docs.docs import PAGES, _cards

MODEL = "emergency_admission_12m"
PART: dict[str, Any] = {
    "people": 1234,
    "events": 99,
    "auroc": [0.7654, 0.7001, 0.8111],
    "average_precision": [0.31, 0.3, 0.32],
    "brier": [0.0612, 0.06, 0.07],
    "slope": [1.01, 0.9, 1.1],
    "intercept": [-0.02, -0.1, 0.1],
    "oe": [0.98, 0.9, 1.05],
    "ece_20": [0.0042, 0.003, None],
    "top": [
        {
            "pct": 2,
            "k": 25,
            "found": 9,
            "ppv": [0.36, 0.2, 0.5],
            "sensitivity": [0.0909, 0.05, 0.14],
            "number_needed_to_review": [2.8, 2.0, 5.0],
        }
    ],
}
EVALUATION: dict[str, Any] = {
    "schema": "evaluation/1",
    "model_id": "abc123def456",
    "name": MODEL,
    "kind": "lightgbm",
    "trained_as_of": "2026-11-15",
    "holdout": {"index_date": "2025-10-16", "people": 1234, "events": 99},
    "parts": {"all": PART, "seen_practice": PART, "unseen_practice": None},
    "subgroups": [
        {"by": "imd_fifth", "value": "1", "title": "most deprived", "people": 300, "oe": 1.02,
         "interval": [0.8, 1.3], "verdict": "too few to say"},
        {"by": "ethnic_group", "value": "Mixed", "title": None, "people": None, "oe": None,
         "interval": None, "verdict": "too few to say"},
        {"by": "practice_code", "value": "F83671", "title": None, "people": 400, "oe": 1.0,
         "interval": [0.9, 1.1], "verdict": "within"},
    ],
    "sources": [
        {"set": name, "source": source, "auroc": PART["auroc"], "auroc_cost": [0.0031, 0.001, 0.005]}
        for name, source in (("without_social_care", "social_care"), ("acute_only", None))
    ],
    "verdict": {"word": "needs a reason", "findings": [{"gate": "fairness", "says": "one group is rarely listed"}]},
}  # fmt: skip


def card(evaluation: dict[str, Any] | None = None) -> str:
    return model_card(
        load_statement(PROJECT, MODEL), load_plan(PROJECT, MODEL), load_features(PROJECT), evaluation=evaluation
    )


def test_the_card_of_the_repository_holds_no_figure_of_a_run() -> None:
    text = card()
    assert "nothing here was measured" in text
    assert "AUROC" not in text
    assert _cards(PROJECT)[f"models/{MODEL}/card.md"] == text


def test_the_card_says_what_is_declared() -> None:
    text, plan = card(), load_plan(PROJECT, MODEL)
    statement = load_statement(PROJECT, MODEL)
    assert " ".join(statement.not_for.split()) in text
    assert all(limit.title in text for limit in statement.limits)
    assert all(concept.title in text for concept in load_features(PROJECT))
    assert plan.digest[:16] in text and f"{plan.horizon_months} months" in text


def test_the_card_of_a_trained_model_says_what_was_measured() -> None:
    text = card(EVALUATION)
    assert "| AUROC | 0.765 (0.700 to 0.811) | 0.765 (0.700 to 0.811) |" in text
    assert "practices it never saw" not in text
    assert "| top 2% | 25 | 36.0 (20.0 to 50.0) | 9.1 (5.0 to 14.0) | 2.8 (2.0 to 5.0) |" in text
    assert "| imd fifth: most deprived | 300 | 1.02 (0.80 to 1.30) | too few to say |" in text
    assert "| ethnic group: Mixed | few |  | too few to say |" in text
    # Practices are for their own page, and one whose interval is not whole is given without it.
    assert "F83671" not in text and "0.0042 |" in text
    assert "| without social care | 0.0031 (0.0010 to 0.0050) |" in text
    assert "| acute only | 0.0031 (0.0010 to 0.0050) |" in text
    assert "- fairness: one group is rarely listed" in text


def test_the_card_says_which_dates_calibrate_and_why_there_are_more_than_asked_for() -> None:
    declared = card()
    assert "of the newest training date, or of all where it has fewer than 4,000 people with the outcome" in declared
    told = {"method": "beta", "index_dates": ["2024-10-16"], "events": 4321, "asked_for": "newest_index_date"}
    alone = card({**EVALUATION, "calibration": {**told, "says": None}})
    assert "Calibrated (beta) on the index date 2024-10-16, 4,321 people with the outcome." in alone
    dates = ["2024-07-16", "2024-10-16"]
    fell_back = {**told, "index_dates": dates, "says": "the newest index date has too few"}
    text = card({**EVALUATION, "calibration": fell_back})
    assert "index dates 2024-07-16, 2024-10-16, 4,321 people with the outcome: the newest index date has too" in text
    assert "Calibrated (" not in card(EVALUATION), "a model of an earlier release does not say"


def test_what_was_not_measured_is_said_so() -> None:
    fewer = copy.deepcopy(EVALUATION)
    fewer["parts"]["all"]["slope"] = None
    fewer["subgroups"], fewer["sources"] = [], []
    text = "\n".join(measured(fewer))
    assert "| calibration slope | not measured |" in text
    assert "No subgroup was judged." in text


def test_the_record_has_every_field_of_the_standard_and_leaves_to_the_deployer_what_is_theirs() -> None:
    text = PAGES["transparency-record.md"](PROJECT)
    numbers = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ") and "." in line[:12]]
    wanted = [f"2.4.3.{n}" for n in range(1, 12)] + [f"2.4.2.{n}" for n in range(1, 10)] + ["2.5.1", "2.5.2"]
    wanted += [f"2.3.{n}" for n in range(1, 7)] + [f"2.2.{n}" for n in range(1, 6)] + [f"2.1.{n}" for n in range(1, 5)]
    assert set(wanted) <= set(numbers)
    assert len(numbers) == len(set(numbers))
    assert text.count("For the deploying organisation to fill in.") >= 8


@pytest.fixture
def context(tmp_path) -> Context:
    settings = read_settings({"RISKSTRAT_HOME": str(tmp_path / "home")})
    nothing: Any = None  # neither is asked for
    return Context(settings=settings, ledger=nothing, keys=nothing)


def test_cards_are_written_beside_the_model_and_the_same_each_time(context: Context) -> None:
    folder = cards(context, evaluation=EVALUATION)
    assert folder == context.settings.home / "models" / MODEL / "abc123def456"
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(first) == {CARD, RECORD}
    assert b"`abc123def456`" in first[CARD] and b"AUROC 0.765" in first[RECORD]
    cards(context, evaluation=json.loads(json.dumps(EVALUATION)))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first


def test_a_statement_of_another_model_is_refused(tmp_path) -> None:
    folder = tmp_path / "models" / "other"
    folder.mkdir(parents=True)
    (folder / "statement.yml").write_text((PROJECT / "models" / MODEL / "statement.yml").read_text())
    with pytest.raises(ContractError, match="another model than its folder"):
        load_statement(tmp_path, "other")
    (folder / "statement.yml").write_text("statement: statement/1\n")
    with pytest.raises(ContractError, match="does not hold together"):
        load_statement.__wrapped__(tmp_path, "other")
