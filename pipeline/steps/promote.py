"""Promote: a person lets a trained model score. Recorded with who and why; nothing promotes by itself."""

from pipeline.ledger import audit, models
from pipeline.rules.decision_words import check_words
from pipeline.steps.context import Context, StepResult
from pipeline.steps.run import MODEL


def promote(context: Context, *, model_id: str, who: str, reason: str) -> StepResult:
    """Make the model champion from now on.

    Raises UserError if the ledger does not know it, or who and why may not be kept.
    """
    check_words(who, reason)
    at = context.now()
    models.promote(context.ledger, name=MODEL, model_id=model_id, who=who, reason=reason, at=at)
    audit.append(
        context.ledger,
        at=at,
        who=who,
        action="promote",
        run_key=None,
        subject=f"{MODEL}/{model_id}",
        counts={"reason": reason},
    )
    return StepResult(counts={"promoted": 1}, digest=model_id)
