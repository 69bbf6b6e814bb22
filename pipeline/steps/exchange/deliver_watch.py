"""What of delivery a person must look at: not collected in time, unknown, undelivered, waiting, set apart, silent.

Read from the ledger alone. The carrier removes what nobody collected after five days, so three working days are the
last moment to ring a practice.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pipeline.contracts.holidays import load_holidays
from pipeline.errors import UserError
from pipeline.ledger import inbox, outbox
from pipeline.ledger.outbox import Outgoing
from pipeline.rules.calendar import working_days_after
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.leaving import delivery_plan

WORKING_DAYS = 3
# What was entered before a night's end leaves with the next delivery; a day later something is wrong.
WAITS_TOO_LONG = timedelta(days=1)
HANDSHAKE_WITHIN = timedelta(hours=24)
RUNBOOK = "docs/runbooks/mesh.md"
OPEN = ("waiting", "sending", "sent", "held", "undelivered", "refused")


@dataclass(frozen=True)
class Look:
    """What is so, what to do, the alert it raises and the id of what it is about."""

    says: str
    next_step: str
    alert: str
    subject: str


def look_at(context: Context) -> list[tuple[str, str]]:
    """(what is so, what to do) of everything that needs a look, gravest first."""
    return [(one.says, one.next_step) for one in looks(context)]


def looks(context: Context) -> list[Look]:
    """The same, each with its alert."""
    now, holidays = context.now(), load_holidays(context.settings.project)
    rows = outbox.list_outbox(context.ledger)
    newest = {_about(row): row for row in rows if row.state in ("sent", "collected")}
    found: list[Look] = []
    for row in rows:
        later = newest.get(_about(row))
        is_over = later is not None and (later.entered_at, later.local_id) > (row.entered_at, row.local_id)
        if row.state in OPEN and not (is_over and row.state in ("held", "undelivered", "refused")):
            found += _of_row(row, now=now, holidays=holidays)
    for message in inbox.list_inbox(context.ledger, state="set_apart"):
        says = f"Message {message.message_id} of {message.sender or 'nobody we know'} was set apart: {message.reason}"
        drop = f"Ask its sender, then: riskstrat settle {message.message_id} --drop ({RUNBOOK})"
        found.append(Look(says, drop, "message_set_apart", message.message_id))
    return found + list(_handshake(context, now=now))


def _about(row: Outgoing) -> tuple[str, str, str, str]:
    """Whom it is for and what it is: a later one takes its place. A pack of a past night is in the place of none."""
    past = row.edition_id if row.edition_id.startswith("replay.") else ""
    return row.plane, row.code, row.kind, past


def unacknowledged(context: Context) -> list[dict[str, object]]:
    """Everything that has left or is to leave and was not collected, for machines."""
    return [
        {"local_id": row.local_id, "state": row.state, "sent_at": row.sent_at, "way": row.way, "code": row.code}
        for row in outbox.list_outbox(context.ledger, states=["waiting", "sending", "sent", "held", "undelivered"])
    ]


def collect_by(sent_at: datetime, *, holidays: frozenset[date]) -> date:
    """The last day on which a message may still lie there without anybody being told."""
    return working_days_after(sent_at.date(), WORKING_DAYS, holidays)


def _of_row(row: Outgoing, *, now: datetime, holidays: frozenset[date]) -> list[Look]:
    name, unsent = row.local_id, "message_unsent"
    if row.state == "sending":
        ask = f"Run riskstrat deliver, which asks; if it stays so ask {row.code}, then riskstrat settle ({RUNBOOK})"
        return [Look(f"It is not known whether {name} has left", ask, unsent, name)]
    if row.state == "waiting" and now - row.entered_at > WAITS_TOO_LONG:
        says = f"{name} has waited to leave since {row.entered_at:%d %B}"
        return [Look(says, f"Run riskstrat deliver ({RUNBOOK})", unsent, name)]
    if row.state == "sent" and row.sent_at is not None and now.date() > collect_by(row.sent_at, holidays=holidays):
        says = f"{name} was sent on {row.sent_at:%d %B} and has not been collected in {WORKING_DAYS} working days"
        ring = f"Ring {row.code} today; MESH removes it after five days ({RUNBOOK})"
        return [Look(says, ring, "not_collected", name)]
    if row.state in ("held", "undelivered", "refused"):
        says = f"{name} is {row.state}: {row.reason or 'no reason was given'}"
        return [Look(says, f"See {RUNBOOK}", unsent, name)]
    return []


def _handshake(context: Context, *, now: datetime) -> Iterator[Look]:
    try:
        plan = delivery_plan(context)
    except UserError as error:
        put_right = "Put the delivery plan right: no night is published until then"
        yield Look(str(error).rstrip("."), put_right, "declaration_broken", context.settings.delivery_file.name)
        return
    if plan is None or plan.mesh is None:
        return
    last = outbox.shook_hands(context.ledger, plan.mesh.mailbox)
    if last is None or now - last > HANDSHAKE_WITHIN:
        since = "never" if last is None else f"not since {last:%d %B %H:%M}"
        says = f"Mailbox {plan.mesh.mailbox} has shaken hands {since}"
        yield Look(says, f"Run riskstrat deliver at least daily ({RUNBOOK})", "no_handshake", plan.mesh.mailbox)
