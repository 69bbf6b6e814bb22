"""Promote: a person lets a trained family of models score, or puts back the one before. Nothing promotes by itself.

Recorded with who and why, on which evaluation it was decided, and despite what.
"""

from dataclasses import replace

from pipeline.errors import UserError
from pipeline.ledger import audit, models
from pipeline.ledger.models import Promotion
from pipeline.rules.decision_words import check_words
from pipeline.steps.at_hand.context import Context, StepResult
from pipeline.steps.run.run import MODEL

NOT_EVALUATED = "it was never evaluated on people and practices it had not learned from"


def promote(context: Context, *, model_id: str, who: str, reason: str, despite: str | None = None) -> StepResult:
    """Make the family champion from now on.

    Raises UserError if the ledger does not know it, if who and why may not be kept, or if something stands against it
    (no evaluation, a finding beyond the declared thresholds, an alarm of its training) and `despite` gives no reason.
    """
    check_words(who, reason)
    if despite is not None:
        check_words(who, despite)
    model = models.get_model(context.ledger, name=MODEL, model_id=model_id)
    last = next(iter(reversed(models.evaluations(context.ledger, model_id=model_id))), None)
    against = [NOT_EVALUATED] if last is None else list(last.objections)
    if model.metrics.get("alarm"):
        against.append(str(model.metrics["alarm_says"]))
    if against and despite is None:
        raise UserError(
            f"Something stands against model {model_id}: {'; '.join(against)}",
            where=f"models/{MODEL}/{model_id}",
            next_step="put it right (riskstrat evaluate; train anew), or, when those responsible decide all the same, "
            "say why with --despite: it is kept for good",
        )
    decided = Promotion(
        name=MODEL,
        model_id=model_id,
        who=who,
        reason=reason,
        promoted_at=context.now(),
        evaluation_sha256=last.sha256 if last else None,
        objections=against,
        despite=despite if against else None,
    )
    return _decide(context, decided)


def rollback(context: Context, *, who: str, reason: str) -> StepResult:
    """Put back the family that scored before the present one, as it was; its evaluation then still stands.

    Raises UserError when none scored before, or who and why may not be kept.
    """
    check_words(who, reason)
    acts = models.promotions(context.ledger, name=MODEL)
    before = _before(acts)
    if before is None:
        raise UserError(
            "No other model scored before the present one, so there is none to go back to",
            where=f"ledger, promotions of {MODEL}",
            next_step="train and promote another, or stop the schedule until there is one",
        )
    back = replace(before, who=who, reason=reason, promoted_at=context.now(), verb="rollback")
    return _decide(context, back)


def _before(acts: list[Promotion]) -> Promotion | None:
    """The act that made champion the model before the present one; a rollback undoes, so that two go back two steps."""
    line: list[Promotion] = []
    for act in acts:
        if act.verb == "rollback":
            line = line[:-1]
        elif not line or line[-1].model_id != act.model_id:
            line.append(act)
        else:
            line[-1] = act
    return line[-2] if len(line) > 1 else None


def _decide(context: Context, promotion: Promotion) -> StepResult:
    models.promote(context.ledger, promotion=promotion)
    counts = {"reason": promotion.reason}
    if promotion.despite:
        counts |= {"despite": promotion.despite}
    if promotion.evaluation_sha256:
        counts |= {"evaluation": promotion.evaluation_sha256}
    audit.append(
        context.ledger,
        at=promotion.promoted_at,
        who=promotion.who,
        action=promotion.verb,
        run_key=None,
        subject=f"{MODEL}/{promotion.model_id}",
        counts=counts,
    )
    return StepResult(counts={"promoted": 1}, digest=promotion.model_id)
