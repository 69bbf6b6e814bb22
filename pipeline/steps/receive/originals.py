"""Originals: how many landed files are kept encrypted, until when, and deleting those past their expiry.

Only the sealed bytes and the receipt beside them go. Rows, counts, reports and the digest in the ledger stay, so that
it can still be said what a night was made of; what cannot be done any more is to judge the delivery again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from pipeline.errors import UserError
from pipeline.ledger import audit
from pipeline.ledger.deliveries import Delivery, list_deliveries, record_original_deleted
from pipeline.steps.at_hand.context import Context, StepResult
from pipeline.store import layout

# One that waits for its verdict or for a decision still needs its bytes.
_NEEDED = ("received", "held")


@dataclass(frozen=True)
class Kept:
    """Originals of one extract: files kept, their sealed bytes, how many are past their expiry, how many are gone."""

    extract: str
    files: int
    size: int
    expired: int
    deleted: int


@dataclass(frozen=True)
class Originals:
    """What is kept, by extract; and on which day that was asked."""

    day: date
    kept: tuple[Kept, ...]

    def told(self) -> list[str]:
        """A line per extract, and one for all."""
        lines = [
            f"{one.extract:<24} {one.files:>6,} kept, {one.size / 2**20:>10,.1f} MB, {one.expired:>6,} past their "
            f"expiry, {one.deleted:>6,} deleted"
            for one in self.kept
        ]
        files, expired = sum(one.files for one in self.kept), sum(one.expired for one in self.kept)
        return [*lines, f"on {self.day}: {files:,} originals kept, {expired:,} of them past their expiry"]


def originals(context: Context) -> Originals:
    """Count the originals; writes nothing."""
    day = context.now().date()
    deliveries = list_deliveries(context.ledger)
    names = sorted({delivery.extract for delivery in deliveries})
    kept = [_kept(context, name, [one for one in deliveries if one.extract == name], day=day) for name in names]
    return Originals(day=day, kept=tuple(kept))


def delete_expired(context: Context, *, who: str) -> StepResult:
    """Delete what is past its expiry; counts of originals and bytes. Raises UserError without a name.

    The audit is told first, then each file goes and is entered as gone: a run killed half-way is finished by the next,
    and nothing ever goes unaudited.
    """
    if not who.strip():
        raise UserError("A deletion needs a name", where="--who", next_step="say who has the originals deleted")
    day, at = context.now().date(), context.now()
    expired = [one for one in list_deliveries(context.ledger) if is_expired(one, day=day)]
    paths = {one.delivery_id: layout.original(context.settings.home, one.delivery_id) for one in expired}
    size = sum(path.stat().st_size for path in paths.values() if path.is_file())
    counts = {"originals_deleted": len(expired), "bytes_deleted": size}
    if expired:
        ids = " ".join(paths)
        audit.append(
            context.ledger, at=at, who=who, action="delete_originals", run_key=None, subject=ids, counts=counts
        )
    for delivery_id, path in paths.items():
        path.unlink(missing_ok=True)
        path.with_name(f"{delivery_id}.receipt.json").unlink(missing_ok=True)
        record_original_deleted(context.ledger, delivery_id=delivery_id, at=at)
    return StepResult(counts=counts)


def _kept(context: Context, extract: str, deliveries: Sequence[Delivery], *, day: date) -> Kept:
    sizes = []
    for delivery in deliveries:
        path = layout.original(context.settings.home, delivery.delivery_id)
        if path.is_file():
            sizes.append(path.stat().st_size)
    return Kept(
        extract=extract,
        files=len(sizes),
        size=sum(sizes),
        expired=sum(is_expired(delivery, day=day) for delivery in deliveries),
        deleted=sum(delivery.original_deleted_at is not None for delivery in deliveries),
    )


def is_expired(delivery: Delivery, *, day: date) -> bool:
    """Past its last day, not deleted yet, and not needed any more."""
    if delivery.original_expires_on is None or delivery.original_deleted_at is not None:
        return False
    return delivery.original_expires_on < day and delivery.state not in _NEEDED
