"""Models are recorded by training and become champion by a person's act only."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from pipeline.errors import UserError
from pipeline.ledger.connect import Ledger
from pipeline.ledger.models import (
    Evaluation,
    Model,
    Promotion,
    champion,
    evaluations,
    get_model,
    list_models,
    promote,
    promotions,
    record_evaluation,
    record_model,
    registry,
)

AT = datetime(2026, 11, 16, 2, tzinfo=UTC)
FIRST = Model("m1", "emergency_admission_12m", "lightgbm", date(2026, 11, 15), "r1", {"auc": 0.81}, AT)
SETS = [{"name": "all", "sources": ["gp", "acute"]}]
SECOND = replace(FIRST, model_id="m2", kind="logistic", source_sets=SETS, recorded_at=AT + timedelta(hours=1))


def test_nothing_scores_before_somebody_promotes(ledger: Ledger) -> None:
    record_model(ledger, model=FIRST)
    assert champion(ledger, name=FIRST.name) is None
    assert promotions(ledger, name=FIRST.name) == []


def test_recording_again_changes_nothing(ledger: Ledger) -> None:
    record_model(ledger, model=SECOND)
    record_model(ledger, model=FIRST)
    record_model(ledger, model=replace(FIRST, metrics={"auc": 0.99}))
    assert list_models(ledger, name=FIRST.name) == [FIRST, SECOND]


def test_the_last_promotion_counts_and_the_history_stays(ledger: Ledger) -> None:
    record_model(ledger, model=FIRST)
    record_model(ledger, model=SECOND)
    for model_id, reason in (("m1", "first"), ("m2", "better"), ("m1", "back")):
        promote(ledger, promotion=Promotion(FIRST.name, model_id, "A. Analyst", reason, AT))
    assert champion(ledger, name=FIRST.name) == FIRST
    assert [(one.model_id, one.reason) for one in promotions(ledger, name=FIRST.name)] == [
        ("m1", "first"),
        ("m2", "better"),
        ("m1", "back"),
    ]
    assert promotions(ledger, name=FIRST.name)[0].promoted_at == AT


@pytest.mark.parametrize(("name", "model_id"), [("emergency_admission_12m", "m9"), ("other", "m1")])
def test_an_unknown_model_cannot_be_promoted(ledger: Ledger, name: str, model_id: str) -> None:
    record_model(ledger, model=FIRST)
    with pytest.raises(UserError, match="There is no model"):
        promote(ledger, promotion=Promotion(name, model_id, "A. Analyst", "", AT))
    assert champion(ledger, name=name) is None
    with pytest.raises(UserError, match="There is no model"):
        get_model(ledger, name=name, model_id=model_id)


def test_an_evaluation_is_entered_once_and_again_when_it_differs(ledger: Ledger) -> None:
    record_model(ledger, model=FIRST)
    one = Evaluation("m1", "a" * 64, ["too few to say of whom"], AT)
    other = replace(one, sha256="b" * 64, objections=[])
    for each in (one, replace(one, evaluated_at=AT + timedelta(days=1)), other):
        record_evaluation(ledger, evaluation=each)
    assert evaluations(ledger, model_id="m1") == [one, other]
    with pytest.raises(UserError, match="There is no model m9"):
        record_evaluation(ledger, evaluation=replace(one, model_id="m9"))


def test_the_registry_tells_the_state_of_each_model(ledger: Ledger) -> None:
    for one in (FIRST, SECOND):
        record_model(ledger, model=one)
    assert [each.state for each in registry(ledger, name=FIRST.name)] == ["challenger", "challenger"]
    record_evaluation(ledger, evaluation=Evaluation("m2", "a" * 64, [], AT))
    assert [each.state for each in registry(ledger, name=FIRST.name)] == ["challenger", "evaluated"]
    promote(
        ledger, promotion=Promotion(FIRST.name, "m1", "A. Analyst", "first", AT, "promote", None, ["none"], "haste")
    )
    promote(ledger, promotion=Promotion(FIRST.name, "m2", "A. Analyst", "better", AT, "promote", "a" * 64, []))
    first, second = registry(ledger, name=FIRST.name)
    assert (first.state, second.state) == ("former", "champion")
    assert first.promotions[0].despite == "haste" and second.promotions[0].evaluation_sha256 == "a" * 64
    assert second.model.source_sets == SETS and second.evaluations[0].objections == []
