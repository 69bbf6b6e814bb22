"""What people decided about deliveries over the rules' head: accept, hold, release, refuse, and why.

A decision, its effect on the delivery and its audit row are one transaction. What a verb does to rows in the store is
for the steps; a decision itself is never changed or removed, only followed by another.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from pipeline.errors import PipelineError
from pipeline.ledger.audit import append_within
from pipeline.ledger.connect import Ledger, reading, writing
from pipeline.ledger.tables import delivery, delivery_decision
from pipeline.rules import nhs_number

# verb: states it may be said of, and the state that follows. An accepted one is judged again, so it waits first.
MOVES: dict[str, tuple[tuple[str, ...], str]] = {
    "accept": (("refused",), "received"),
    "hold": (("accepted",), "held"),
    "release": (("held",), "accepted"),
    "refuse": (("received", "held", "accepted"), "refused"),
}
REFUSED_BY_PERSON = "OPERATOR"


@dataclass(frozen=True)
class Decision:
    """One person's decision about one delivery."""

    decision_id: int
    delivery_id: str
    verb: str
    who: str
    reason: str
    at: datetime


def record_decision(ledger: Ledger, *, delivery_id: str, verb: str, who: str, reason: str, at: datetime) -> None:
    """Enter the decision with its effect on the delivery's state and its audit row.

    A refused delivery keeps its rows in the store, but every one of them counts as refused. Raises PipelineError if
    the verb does not fit the delivery's state, or a text holds what looks like an NHS number.
    """
    if nhs_number.mask(f"{who} {reason}") != f"{who} {reason}":
        raise PipelineError("a decision's reason holds what looks like an NHS number: name the delivery and its counts")
    before, after = MOVES[verb]
    with writing(ledger) as connection:
        row = connection.execute(select(delivery).where(delivery.c.delivery_id == delivery_id)).one_or_none()
        if row is None or row.state not in before:
            state = "unknown" if row is None else row.state
            raise PipelineError(
                f"delivery {delivery_id} is {state}: {verb} is said of one that is {' or '.join(before)}"
            )
        decision = {"delivery_id": delivery_id, "verb": verb, "who": who, "reason": reason, "at": at}
        connection.execute(delivery_decision.insert(), [decision])
        values = {"state": after, **_effect(verb, rows_in=row.rows_in, reason=reason)}
        connection.execute(update(delivery).where(delivery.c.delivery_id == delivery_id).values(**values))
        _audit(connection, decision, state_before=row.state, rows_in=row.rows_in, rows_valid=row.rows_valid)


def list_decisions(ledger: Ledger, *, delivery_id: str | None = None) -> list[Decision]:
    """Decisions in the order they were made, of one delivery or of all."""
    chosen = select(delivery_decision).order_by(delivery_decision.c.decision_id)
    if delivery_id is not None:
        chosen = chosen.where(delivery_decision.c.delivery_id == delivery_id)
    with reading(ledger) as connection:
        return [Decision(**row._mapping) for row in connection.execute(chosen)]


def is_accepted_by_person(ledger: Ledger, delivery_id: str) -> bool:
    """Whether a person decided to accept this delivery against the rules, and nobody refused it afterwards."""
    verbs = [one.verb for one in list_decisions(ledger, delivery_id=delivery_id) if one.verb in ("accept", "refuse")]
    return verbs[-1:] == ["accept"]


def _effect(verb: str, *, rows_in: int, reason: str) -> dict[str, Any]:
    if verb == "accept":
        return {"reason_code": None, "reason": None}
    if verb != "refuse":
        return {}
    nothing = ("valid", "duplicate", "superseded", "broken", "unlinked", "opted_out")
    return {
        "reason_code": REFUSED_BY_PERSON,
        "reason": f"refused by a person: {reason}",
        "rows_refused": rows_in,
        **{f"rows_{name}": 0 for name in nothing},
    }


def _audit(
    connection: Connection, decision: dict[str, Any], *, state_before: str, rows_in: int, rows_valid: int
) -> None:
    append_within(
        connection,
        at=decision["at"],
        who=decision["who"],
        action=f"delivery_{decision['verb']}",
        run_key=None,
        subject=decision["delivery_id"],
        counts={
            "state_before": state_before,
            "rows_in": rows_in,
            "rows_valid": rows_valid,
            "reason": decision["reason"],
        },
    )
