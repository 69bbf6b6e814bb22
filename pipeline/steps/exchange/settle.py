"""Settle: what a person decides about a message that no machine can decide about. Each decision is audited.

After a lost answer the carrier may be unable to say whether a message left; after a report nobody collected it; a
message may have come that nobody announced. A person asks whoever is at the other end, and says here what is so.
"""

from dataclasses import replace
from datetime import datetime
from typing import Literal

from pipeline.errors import UserError
from pipeline.ledger import inbox, outbox
from pipeline.ledger.outbox import Outgoing
from pipeline.rules.decision_words import check_words
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.leaving import delivery_plan
from pipeline.store import layout

Verdict = Literal["arrived", "again", "drop"]
TO_BE_SENT_AGAIN = "to be sent again"
# What may be said of a row, by where it stands.
MAY = {
    "waiting": ("drop",),
    "held": ("drop",),
    "sending": ("arrived", "again", "drop"),
    "sent": ("arrived", "again", "drop"),
    "collected": ("again",),
    "undelivered": ("arrived", "again", "drop"),
    "refused": ("again", "drop"),
    "withdrawn": (),
}


def settle(context: Context, *, name: str, verdict: Verdict, who: str, reason: str) -> str:
    """Decide about a local id of the outbox, or with `drop` about a message set apart; one sentence on what follows.

    Raises UserError for a name nobody knows, a verdict that does not fit where it stands, or missing words.
    """
    check_words(who, reason)
    row, at = outbox.get(context.ledger, name), context.now()
    if row is not None:
        if verdict not in MAY[row.state]:
            raise UserError(
                f"{name} is {row.state}: that it {_words(verdict)} cannot be said of it",
                where="outbox",
                next_step=f"what can: {', '.join(MAY[row.state]) or 'nothing any more'}",
            )
        return _decide(context, row, verdict=verdict, who=who, reason=reason, at=at)
    message = inbox.find(context.ledger, name)
    if message is None or message.state != "set_apart" or verdict != "drop":
        raise UserError(
            f"There is nothing to settle under {name}",
            where="outbox, inbox",
            next_step="take the id from riskstrat status; a message set apart can only be dropped",
        )
    layout.set_apart(context.settings.home, name).unlink(missing_ok=True)
    inbox.clear(context.ledger, name, at=at, who=who, reason=reason)
    return f"message {name} is dealt with; its bytes are gone"


def _decide(context: Context, row: Outgoing, *, verdict: Verdict, who: str, reason: str, at: datetime) -> str:
    name = row.local_id
    if verdict == "arrived":
        outbox.settle(
            context.ledger, name, at=at, who=who, event="arrived", says=reason, state="collected",
            sent_at=row.sent_at or row.sending_at or at, ended_at=at, reason=reason,
        )  # fmt: skip
        return f"{name} counts as collected"
    if verdict == "drop":
        outbox.settle(
            context.ledger, name, at=at, who=who, event="dropped", says=reason, state="withdrawn", ended_at=at,
            reason=reason,
        )  # fmt: skip
        return f"{name} is not sent and not followed any more"
    if row.state == "sending":
        # Under the same local id: should the first one turn up after all, its reader knows them for one.
        outbox.settle(context.ledger, name, at=at, who=who, event=TO_BE_SENT_AGAIN, says=reason, state="waiting")
        return f"{name} is sent with the next riskstrat deliver"
    anew = _anew(context, row, at=at)
    state = row.state if row.state == "collected" else "withdrawn"
    outbox.settle(
        context.ledger, name, at=at, who=who, event="sent again", says=f"as {anew.local_id}: {reason}", enters=[anew],
        state=state, ended_at=at, reason=f"sent again as {anew.local_id}",
    )  # fmt: skip
    return f"{anew.local_id} is sent with the next riskstrat deliver"


def _anew(context: Context, row: Outgoing, *, at: datetime) -> Outgoing:
    """A row that takes this one's place under a local id of its own, to the recipient the plan names now."""
    plan, number = delivery_plan(context), 2
    base = row.local_id.partition("-again")[0]
    while outbox.get(context.ledger, f"{base}-again{number}") is not None:
        number += 1
    named = plan.recipient(plane=row.plane, code=row.code, day=at.date()) if plan else None
    return replace(
        row, local_id=f"{base}-again{number}", recipient=named.address if named else row.recipient,
        way=named.way if named else row.way, entered_at=at, state="waiting", attempts=0, message_id=None,
        sending_at=None, sent_at=None, ended_at=None, reason=None,
    )  # fmt: skip


def _words(verdict: Verdict) -> str:
    return {"arrived": "arrived", "again": "is to be sent again", "drop": "is to be dropped"}[verdict]
