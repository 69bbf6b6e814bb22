"""Intake: everything that happens to a delivery before a night is frozen, in the order of arrival.

receive → validate → link → events. Safe to run again at any time: each stage leaves alone what is done.
"""

from dataclasses import dataclass
from datetime import datetime

from pipeline.ledger.deliveries import list_deliveries
from pipeline.log import say
from pipeline.steps.at_hand.context import Context
from pipeline.steps.features.events import events
from pipeline.steps.link.link import link
from pipeline.steps.receive.receive import receive
from pipeline.steps.validate.validate import validate


@dataclass(frozen=True)
class Intake:
    """What came in this time, in counts."""

    received: int
    accepted: int
    refused: int
    duplicates: int
    rows_linked: int


def intake(context: Context, *, received_before: datetime | None = None) -> Intake:
    """Take in what lies in the landing area and was received before the moment (all of it without one)."""
    received = receive(context, received_before=received_before)
    waiting = list_deliveries(context.ledger, states=["received"], received_before=received_before)
    for position, delivery in enumerate(waiting, start=1):
        validate(context, delivery_id=delivery.delivery_id)
        if position % 10 == 0 or position == len(waiting):
            say(f"  validated {position} of {len(waiting)} deliveries")
    linked = link(context)
    events(context)
    ids = {delivery.delivery_id for delivery in waiting}
    verdicts = [d.state for d in list_deliveries(context.ledger) if d.delivery_id in ids]
    return Intake(
        received=len(received.delivery_ids),
        accepted=verdicts.count("accepted"),
        refused=verdicts.count("refused") + len(received.refused),
        duplicates=len(received.duplicates),
        rows_linked=linked.counts["rows_linked"],
    )
