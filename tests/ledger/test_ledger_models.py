"""Models are recorded by training and become champion by a person's act only."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from pipeline.errors import UserError
from pipeline.ledger.connect import Ledger
from pipeline.ledger.models import Model, champion, list_models, promote, promotions, record_model

AT = datetime(2026, 11, 16, 2, tzinfo=UTC)
FIRST = Model("m1", "emergency_admission_12m", "lightgbm", date(2026, 11, 15), "r1", {"auc": 0.81}, AT)
SECOND = replace(FIRST, model_id="m2", kind="logistic", recorded_at=AT + timedelta(hours=1))


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
        promote(ledger, name=FIRST.name, model_id=model_id, who="A. Analyst", reason=reason, at=AT)
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
        promote(ledger, name=name, model_id=model_id, who="A. Analyst", reason="", at=AT)
    assert champion(ledger, name=name) is None
