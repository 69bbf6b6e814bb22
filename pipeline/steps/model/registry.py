"""The registry as a person asks for it: every model, its state, what it can score, and who decided what about it."""

from collections.abc import Iterator

from pipeline.ledger import models
from pipeline.ledger.models import Registered
from pipeline.steps.at_hand.context import Context
from pipeline.steps.run.run import MODEL


def told(context: Context) -> list[str]:
    """A paragraph of lines for each model, in the order they were trained; one line when there is none."""
    found = models.registry(context.ledger, name=MODEL)
    if not found:
        return [f"No model of {MODEL} has been trained yet: riskstrat train --as-of DATE"]
    return [line for each in found for line in _lines(each)]


def _lines(each: Registered) -> Iterator[str]:
    model = each.model
    yield f"{model.model_id}  {each.state}: {model.kind}, trained on what was known on {model.trained_as_of}"
    sets = ", ".join(one["name"] for one in model.source_sets or [])
    yield f"  sets of sources: {sets or 'none: it is of an older release'}"
    if model.metrics.get("alarm"):
        yield f"  ALARM: {model.metrics['alarm_says']}"
    for judged in each.evaluations:
        against = "; ".join(judged.objections) or "nothing stands against it"
        yield f"  evaluated {judged.evaluated_at:%Y-%m-%d %H:%M} UTC, {judged.sha256[:12]}: {against}"
    for act in each.promotions:
        verb = {"promote": "promoted", "rollback": "put back"}[act.verb]
        despite = f"; despite {'; '.join(act.objections or [])}: {act.despite}" if act.despite else ""
        yield f"  {verb} {act.promoted_at:%Y-%m-%d %H:%M} UTC by {act.who}: {act.reason}{despite}"
