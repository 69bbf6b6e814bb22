"""A model that knows more than can be known has seen the future: it may not beat the region's own risk.

The generator says what each person's true risk was on one past date. On the same people and outcomes the model, with
what was known then, must rank worse than that, and better than chance.
"""

from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pytest
from finished_home import FIRST, Demo, Truth

from pipeline.contracts.policy import load_policy
from pipeline.engines.learner import predict
from pipeline.ledger import models, runs
from pipeline.rules.times import index_date, intake_cut_off
from pipeline.steps.at_hand.context import open_context
from pipeline.steps.at_hand.relations import View
from pipeline.steps.features.labels import labelled_on
from pipeline.steps.model.score import promoted_model
from pipeline.steps.run.run import MODEL

MOST_AUROC = 0.85


def auroc(score: npt.NDArray[np.float64], outcome: npt.NDArray[np.int8]) -> float:
    """Share of pairs of one with and one without the outcome that the score puts in order; ties count half."""
    with_it, without = score[outcome == 1], score[outcome == 0]
    return float(np.mean((with_it[:, None] > without) + 0.5 * (with_it[:, None] == without)))


@pytest.fixture(scope="module")
def judged(home: Demo, truth: Truth) -> dict[str, npt.NDArray[np.float64]]:
    """Scores of the promoted model, the true risk and the outcome for the same people on the oracle's date."""
    context = open_context(home.settings)
    (day,) = {row["index_date"] for row in truth.oracle}
    run = home.nights[0].run
    view = View(
        policy=load_policy(home.settings.policy_file),
        delivery_ids=runs.run_deliveries(context.ledger, run.run_key),
        index_date=day,
        known_before=intake_cut_off(day - timedelta(days=1)),
        policy_day=index_date(FIRST),
    )
    labelled = labelled_on(context, view=view, outcome=MODEL, outcome_known_before=intake_cut_off(FIRST))
    outcome = labelled.outcome
    scores = predict(promoted_model(context, run), labelled.features, threads=2)
    oracle = {home.person_key(row["nhs_number"]): row for row in truth.oracle}
    both = [k for k, key in enumerate(scores.person_key) if key in oracle]
    rows = [oracle[scores.person_key[k]] for k in both]
    return {
        "model": scores.risk_score[both],
        "oracle": np.array([row["probability_12m"] for row in rows]),
        "seen": outcome[both],
        "true": np.array([row["was_admitted"] for row in rows], dtype=np.int8),
    }


def test_the_same_people_are_compared(home: Demo, judged: dict[str, npt.NDArray[np.float64]]) -> None:
    assert len(judged["model"]) > 1_000
    assert load_policy(home.settings.policy_file).fictitious
    # The outcome as the pipeline sees it is the outcome as it was, but for what was coded late or never linked.
    assert np.mean(judged["seen"] != judged["true"]) < 0.02


def test_the_model_ranks_worse_than_the_truth_and_better_than_chance(
    judged: dict[str, npt.NDArray[np.float64]],
) -> None:
    model, oracle = (auroc(judged[name], judged["seen"]) for name in ("model", "oracle"))
    assert 0.6 < model < oracle < 0.95, (model, oracle)


def test_the_hold_out_is_not_too_good_to_be_true(home: Demo) -> None:
    context = open_context(home.settings)
    metrics = promoted_model(context, home.nights[0].run).manifest
    assert metrics["holdout"]["people"] > 1_000
    for trained in models.list_models(context.ledger, name=MODEL):
        for measured in trained.metrics["holdout"]["models"].values():
            assert measured["auroc"] < MOST_AUROC
        assert not trained.metrics["alarm"]
