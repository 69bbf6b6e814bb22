"""Nothing scores but by a person's act: what stands against a model must be answered, and one command puts back."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from pipeline.contracts.settings import Settings
from pipeline.errors import UserError
from pipeline.ledger import audit, models
from pipeline.ledger.connect import open_ledger
from pipeline.ledger.models import Evaluation, Model
from pipeline.steps.at_hand.context import Context
from pipeline.steps.model.promote import promote, rollback
from pipeline.steps.model.registry import told
from pipeline.steps.run.run import MODEL
from pipeline.store.keys import create_keys

AT = datetime(2026, 11, 16, 2, tzinfo=UTC)
UNFAIR = "of those of the most deprived fifth who were admitted the list holds fewer than declared"


@pytest.fixture
def context(home: Settings) -> Context:
    """Three trained families, none evaluated."""
    home.home.mkdir(parents=True, exist_ok=True)
    context = Context(settings=home, ledger=open_ledger(home.ledger_url), keys=create_keys(home.keys_folder))
    sets = [{"name": "all", "sources": ["gp", "acute"]}]
    for place, name in enumerate(("one", "two", "three")):
        at = AT.replace(hour=place)
        models.record_model(context.ledger, model=Model(name, MODEL, "logistic", date(2026, 11, 15), "0", {}, at, sets))
    return context


def evaluated(context: Context, model_id: str, *objections: str) -> str:
    digest = model_id.encode().hex().ljust(64, "0")
    models.record_evaluation(context.ledger, evaluation=Evaluation(model_id, digest, list(objections), AT))
    return digest


def champion(context: Context) -> str | None:
    found = models.champion(context.ledger, name=MODEL)
    return None if found is None else found.model_id


def test_a_model_that_was_never_evaluated_needs_a_reason_of_its_own(context: Context) -> None:
    with pytest.raises(UserError, match="never evaluated.*--despite"):
        promote(context, model_id="one", who="A. Name", reason="the first")
    assert champion(context) is None
    promote(context, model_id="one", who="A. Name", reason="the first", despite="nobody real is scored")
    assert champion(context) == "one"
    [act] = models.promotions(context.ledger, name=MODEL)
    assert (act.despite, len(act.objections or []), act.evaluation_sha256) == ("nobody real is scored", 1, None)


def test_a_sound_evaluation_is_enough_and_its_digest_is_kept(context: Context) -> None:
    digest = evaluated(context, "one")
    promote(context, model_id="one", who="A. Name", reason="minutes of 16 November")
    [act] = models.promotions(context.ledger, name=MODEL)
    assert (act.evaluation_sha256, act.objections, act.despite) == (digest, [], None)
    [entered] = audit.list_entries(context.ledger, action="promote")
    assert entered.counts == {"reason": "minutes of 16 November", "evaluation": digest}


def test_a_finding_beyond_the_thresholds_needs_a_recorded_reason(context: Context) -> None:
    evaluated(context, "one", UNFAIR)
    with pytest.raises(UserError, match="most deprived fifth"):
        promote(context, model_id="one", who="A. Name", reason="the first")
    promote(context, model_id="one", who="A. Name", reason="the first", despite="the former was worse; plan agreed")
    [act] = models.promotions(context.ledger, name=MODEL)
    assert (act.objections, act.despite) == ([UNFAIR], "the former was worse; plan agreed")


def test_the_newest_evaluation_counts(context: Context) -> None:
    evaluated(context, "one", UNFAIR)
    models.record_evaluation(context.ledger, evaluation=Evaluation("one", "b" * 64, [], AT))
    promote(context, model_id="one", who="A. Name", reason="the first")
    assert champion(context) == "one"


def test_an_alarm_of_the_training_stands_against_a_model_however_it_was_evaluated(context: Context) -> None:
    known = models.get_model(context.ledger, name=MODEL, model_id="one")
    alarmed = replace(known, model_id="alarmed", metrics={"alarm": True, "alarm_says": "AUROC above 0.85"})
    models.record_model(context.ledger, model=alarmed)
    evaluated(context, "alarmed")
    with pytest.raises(UserError, match=r"AUROC above 0\.85"):
        promote(context, model_id="alarmed", who="A. Name", reason="it is very good")


@pytest.mark.parametrize("words", ["", "as 9990000018 was missed"])
def test_the_words_are_looked_at_before_anything_is_decided(context: Context, words: str) -> None:
    with pytest.raises(UserError):
        promote(context, model_id="one", who="A. Name", reason="the first", despite=words)
    with pytest.raises(UserError):
        promote(context, model_id="one", who="A. Name", reason=words, despite="nobody real is scored")
    assert champion(context) is None


def test_rollback_puts_back_the_one_before_and_again_the_one_before_that(context: Context) -> None:
    digests = {name: evaluated(context, name) for name in ("one", "two", "three")}
    for name in ("one", "two", "two", "three"):
        promote(context, model_id=name, who="A. Name", reason=f"now {name}")
    assert rollback(context, who="B. Name", reason="scores jumped").digest == "two"
    assert champion(context) == "two"
    rollback(context, who="B. Name", reason="worse still")
    assert champion(context) == "one"
    last = models.promotions(context.ledger, name=MODEL)[-1]
    assert (last.verb, last.who, last.evaluation_sha256) == ("rollback", "B. Name", digests["one"])
    with pytest.raises(UserError, match="No other model scored before"):
        rollback(context, who="B. Name", reason="further")
    promote(context, model_id="three", who="A. Name", reason="mended")
    rollback(context, who="B. Name", reason="not mended")
    assert champion(context) == "one"
    assert len(audit.list_entries(context.ledger, action="rollback")) == 3


def test_the_registry_tells_who_decided_what_about_which_model(context: Context) -> None:
    evaluated(context, "two", UNFAIR)
    promote(context, model_id="one", who="A. Name", reason="the first", despite="in haste")
    promote(context, model_id="two", who="B. Name", reason="better", despite="minutes of 16 November")
    text = "\n".join(told(context))
    for wanted in ("one  former", "two  champion", "three  challenger", "sets of sources: all", UNFAIR, "in haste"):
        assert wanted in text
