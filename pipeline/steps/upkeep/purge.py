"""Purge: say what is past its time, delete it when a person says so, and prove that it is gone.

The audit is told first, then things go one by one: a run killed half-way is finished by the next, since what is left is
found again, and nothing goes unaudited. At the end everything is looked at anew.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path

from pipeline.channels.notify import forget_lines
from pipeline.errors import PipelineError
from pipeline.ledger import audit, feedback, registers
from pipeline.ledger.deliveries import record_original_deleted
from pipeline.rules.decision_words import check_words
from pipeline.steps.at_hand.context import Context, StepResult
from pipeline.steps.upkeep.retention import Item, ageing_history, past_their_time
from pipeline.steps.upkeep.retention_needs import no_longer_replayable
from pipeline.store import tables

ACTION, PROVED = "purge", "purge_proved"


@dataclass(frozen=True)
class ZoneSum:
    """What is past its time in one zone, for one reason."""

    zone: str
    reason: str
    items: int
    size: int
    oldest: date


def sums(items: Sequence[Item]) -> list[ZoneSum]:
    """Counts, bytes and the oldest day by zone and reason."""
    by = sorted(items, key=lambda one: (one.zone, one.reason))
    found = []
    for (zone, reason), group in groupby(by, key=lambda one: (one.zone, one.reason)):
        these = list(group)
        oldest = min(one.day for one in these)
        found.append(ZoneSum(zone, reason, len(these), sum(one.size for one in these), oldest))
    return found


def told(context: Context) -> list[str]:
    """What a purge would delete today, a line for each zone and reason; writes nothing."""
    items = past_their_time(context)
    lines = [
        f"{one.zone:<13} {one.items:>6,} of {one.size / 2**20:>10,.1f} MB, oldest {one.oldest}: {one.reason}"
        for one in sums(items)
    ]
    lines.append(f"{len(items):,} past their time; riskstrat purge --delete --who … --reason … deletes them")
    ageing = ageing_history(context)
    if ageing:
        lines.append(f"{len(ageing)} deliveries in use are older than history is kept: {', '.join(ageing)}")
    lost = no_longer_replayable(context)
    if lost:
        lines.append(f"{len(lost)} nights can no longer be replayed, the last of them {lost[-1]}")
    return lines


def purge(context: Context, *, who: str, reason: str) -> StepResult:
    """Delete all that is past its time, prove it and say so in the audit; raises UserError without name and reason.

    Raises PipelineError when anything is left: then nothing may be said to be gone.
    """
    check_words(who, reason)
    items = past_their_time(context)
    _tell(context, ACTION, items, who=who, reason=reason)
    # One commit and one vacuum for each table.
    for path in sorted({one.path for one in items if one.kind in ("slice", "superseded")}):
        _delete_of_table(path, [one for one in items if one.path == path])
    for one in items:
        _delete(context, one)
    left = past_their_time(context)
    if left:
        raise PipelineError(f"{len(left)} things past their time are still there after the purge")
    _tell(context, PROVED, items, who=who, reason="nothing past its time is left")
    return StepResult(counts={"deleted": len(items), "bytes_deleted": sum(one.size for one in items)})


def _delete_of_table(path: Path, items: Sequence[Item]) -> None:
    slices = [one for one in items if one.kind == "slice"]
    column = slices[0].column if slices else ""
    tables.delete_slices(path, column=column, values=[one.name for one in slices])


def _delete(context: Context, item: Item) -> None:
    if item.kind in ("slice", "superseded"):
        return
    if item.kind == "answers":
        feedback.forget_answers(context.ledger, feedback_ids=[item.name])
        return
    if item.kind == "lines":
        forget_lines(item.path, date.fromisoformat(item.name))
        return
    if item.kind == "original":
        item.path.with_name(f"{item.path.stem}.receipt.json").unlink(missing_ok=True)
    if item.path.is_dir():
        shutil.rmtree(item.path)
    else:
        item.path.unlink(missing_ok=True)
    # The ledger last: what is not entered as gone is found again.
    if item.kind == "original":
        record_original_deleted(context.ledger, delivery_id=item.path.stem, at=context.now())
    if item.kind == "returned":
        feedback.record_original_deleted(context.ledger, feedback_id=item.name, at=context.now())
    if item.kind == "edition":
        registers.forget_entries(context.ledger, edition_ids=[item.name])
        _remove_if_empty(item.path.parent)


def _remove_if_empty(folder: Path) -> None:
    """The folder of a night or a replay whose last pack went."""
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _tell(context: Context, action: str, items: Sequence[Item], *, who: str, reason: str) -> None:
    counts = {
        one.zone + " (" + one.reason + ")": {"items": one.items, "bytes": one.size, "oldest": one.oldest.isoformat()}
        for one in sums(items)
    }
    audit.append(context.ledger, at=context.now(), who=who, action=action, run_key=None, subject=reason, counts=counts)
