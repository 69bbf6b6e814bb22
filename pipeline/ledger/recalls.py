"""Editions that were taken back: by whom, when and why. The edition stays as it was and counts no more.

A recall is never changed or undone: who was told to delete a file is not told to find it again. A right edition
follows instead. The recall, its audit row and what leaves because of it are one transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from pipeline.errors import PipelineError
from pipeline.ledger import outbox
from pipeline.ledger.audit import append_within
from pipeline.ledger.connect import Ledger, reading, writing
from pipeline.ledger.outbox import Outgoing
from pipeline.ledger.registers import Edition
from pipeline.ledger.tables import recall as recall_table
from pipeline.rules import nhs_number

ACTION = "recall"


@dataclass(frozen=True)
class Recall:
    """One edition taken back."""

    edition_id: str
    who: str
    reason: str
    recalled_at: datetime


def record_recall(
    ledger: Ledger, *, edition: Edition, who: str, reason: str, at: datetime, notice: Sequence[Outgoing] = ()
) -> Recall:
    """Enter the recall with its audit row; the first one, unchanged, if the edition is recalled already.

    What has not left of it is kept here, and where something has, `notice` is to leave. Raises PipelineError if a text
    holds what looks like an NHS number.
    """
    if nhs_number.mask(f"{who} {reason}") != f"{who} {reason}":
        raise PipelineError("a recall's reason holds what looks like an NHS number")
    told = Recall(edition.edition_id, who, reason, at)
    with writing(ledger) as connection:
        chosen = select(recall_table).where(recall_table.c.edition_id == edition.edition_id)
        known = connection.execute(chosen).one_or_none()
        if known is not None:
            return Recall(**known._mapping)
        connection.execute(recall_table.insert(), [vars(told)])
        outbox.recall(connection, edition_id=edition.edition_id, notice=notice, at=at)
        append_within(
            connection,
            at=at,
            who=who,
            action=ACTION,
            run_key=edition.run_key,
            subject=edition.edition_id,
            counts={"people": edition.counts.get("people", 0), "reason": reason},
        )
    return told


def recalls(ledger: Ledger) -> dict[str, Recall]:
    """Every recall by the id of its edition."""
    with reading(ledger) as connection:
        found = [Recall(**row._mapping) for row in connection.execute(select(recall_table))]
    return {one.edition_id: one for one in sorted(found, key=lambda one: one.edition_id)}
