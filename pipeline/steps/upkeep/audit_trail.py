"""The audit as a person asks for it: is it whole, and what does it say."""

from datetime import UTC, date, datetime, time, timedelta

from pipeline.errors import UserError
from pipeline.ledger import audit
from pipeline.ledger.anchor import Head
from pipeline.ledger.columns import canonical_json
from pipeline.steps.at_hand.context import Context


def verified(context: Context, *, known: str | None = None) -> Head:
    """The newest row of a sound audit; raises UserError that names every row that is not as it was written.

    `known`: a head noted elsewhere, as number:digest, which the audit must still hold.
    """
    heads = [] if known is None else [_head(known)]
    problems = audit.verify(context.ledger, known=heads)
    if problems:
        raise UserError(
            f"The audit is not as it was written: {'; '.join(problems)}",
            where="ledger, table audit_entry",
            next_step="keep everything as it is, tell who answers for the data, see docs/runbooks/restore.md",
        )
    return audit.head(context.ledger)


def lines(context: Context, *, action: str | None, since: date | None, until: date | None) -> list[str]:
    """A line per row, oldest first; days are UTC, both included."""
    found = audit.list_entries(
        context.ledger,
        action=action,
        since=None if since is None else datetime.combine(since, time(), UTC),
        before=None if until is None else datetime.combine(until + timedelta(days=1), time(), UTC),
    )
    return [
        f"{one.sequence:>6} {one.at:%Y-%m-%d %H:%M:%S} {one.action:<16} {one.who}: {one.subject}"
        + (f" {canonical_json(one.counts)}" if one.counts else "")
        for one in found
    ]


def _head(text: str) -> Head:
    number, _, digest = text.partition(":")
    if not number.isdigit() or len(digest) != 64:
        raise UserError("That is no head of an audit", where="--head", next_step="write it as number:digest")
    return Head(sequence=int(number), digest=digest)
