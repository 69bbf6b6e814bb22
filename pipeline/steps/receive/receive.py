"""Receive: take in what lies in the landing folder, in the order it was received.

Checks the receipt or manifest against the bytes, knows bytes it has seen before, seals the original and enters the
delivery in the ledger. It opens no row; nothing landed is moved or deleted, so a refused file can be looked at.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pipeline.channels import landing
from pipeline.channels.landing_container import LIMITS
from pipeline.contracts.extract import ExtractContract, load_extracts
from pipeline.contracts.policy import load_policy
from pipeline.contracts.receipt import MOST_AHEAD, Receipt, RefusedByRule, refusal
from pipeline.errors import UserError
from pipeline.ledger import runs, steps
from pipeline.ledger.decisions import REFUSED_BY_PERSON
from pipeline.ledger.deliveries import (
    Delivery,
    get_delivery,
    list_deliveries,
    record_received,
    record_verdict,
)
from pipeline.log import withheld
from pipeline.rules.times import intake_cut_off
from pipeline.steps.at_hand.context import Context
from pipeline.steps.receive.announced import Announced, RefusedFile, read_announced, refused_file
from pipeline.store import layout
from pipeline.store.sealed import seal

# A file whose receipt has not come for a day is named to the operator.
QUIET = timedelta(days=1)
# Stands for an extract that nobody declared.
UNDECLARED = "undeclared"
# Where the ledger keeps what lay in the landing folder and was not taken in.
SCOPE, STEP = "landing", "receive"
_MOST_NAMED = 50
# A file that is not there may be on its way, and a name that is unsafe or a link belongs in no record of a delivery.
_NOT_ENTERED = ("FILE-002", "FILE-013", "FILE-014", "FILE-015", "FILE-028")


def receive(context: Context, *, received_before: datetime | None = None) -> "ReceiveResult":
    """Take in every landed delivery, or those received before a moment; running it again changes nothing."""
    # read
    contracts = load_extracts(context.settings.project)
    folder = layout.landing(context.settings.home)
    announced, unread = read_announced(folder)
    refused = list(unread)
    unexpected = landing.list_unexpected(folder, spoken_for=_spoken_for(announced), quiet_since=context.now() - QUIET)
    waiting = [one for one in announced if received_before is None or one.receipt.received_at_utc < received_before]
    latest = _latest_stamp(context)
    frozen = [run.as_of for run in runs.list_runs(context.ledger, kind="nightly") if run.state == "finished"]
    # decide and write, one delivery at a time: each is taken in whole before the next is looked at
    states: dict[str, list[str]] = {"new": [], "duplicate": [], "known": []}
    for one in waiting:
        try:
            state = _take_in(context, one, contracts=contracts, latest=latest)
        except RefusedByRule as error:
            _record_refused(context, one, error=error, declared=contracts)
            refused.append(refused_file(one.where, error))
            continue
        states[state].append(one.receipt.delivery_id)
        if state != "known":
            _record_order(context, one.receipt, frozen=frozen)
    not_entered = [*unread, *(one for one in refused[len(unread) :] if one.code in _NOT_ENTERED)]
    _record_left_lying(context, refused=not_entered, unexpected=unexpected)
    return ReceiveResult(
        delivery_ids=tuple(states["new"]),
        duplicates=tuple(states["duplicate"]),
        refused=tuple(refused),
        late=tuple(name for name in states["new"] if order_of(context, name).get("nights_frozen_before")),
        out_of_order=tuple(name for name in states["new"] if order_of(context, name).get("newer_ones_before")),
        unexpected=tuple(unexpected),
    )


def order_of(context: Context, delivery_id: str) -> dict[str, Any]:
    """How a delivery came: `nights_frozen_before`, finished nights whose cut-off is after its stamp, and so made
    without it; `newer_ones_before`, deliveries of the same sender and extract with a later stamp, taken in before it.
    """
    record = steps.find_step(context.ledger, scope=delivery_id, step=STEP)
    return {} if record is None else record.counts


def _latest_stamp(context: Context) -> datetime | None:
    """The latest moment that a stamp may name; None where everything is invented, the clock included.

    What comes last counts as what is known now: who is whose patient, who objects. A slip of the year would rule that.
    """
    try:
        is_invented = load_policy(context.settings.policy_file).fictitious
    except UserError:
        is_invented = False
    return None if is_invented else context.now() + MOST_AHEAD


def _take_in(
    context: Context, announced: Announced, *, contracts: dict[str, ExtractContract], latest: datetime | None
) -> str:
    """'new', 'duplicate' or 'known'; raises RefusedByRule."""
    receipt, where = announced.receipt, announced.where
    path = announced.find_file()
    known = get_delivery(context.ledger, receipt.delivery_id)
    if receipt.sender != announced.landed.sender:
        raise refusal("FILE-005", where=where)
    if receipt.extract not in contracts:
        raise refusal("FILE-004", where=where)
    if known is not None and known.sha256 != receipt.sha256:
        raise refusal("FILE-006", where=where)
    if known is not None and known.state != "received":
        return "known"
    if known is None:
        _check_ledger(context, receipt, where=where, latest=latest)
        landing.check_checksum(path, sha256=receipt.sha256)
        # The original first: a delivery in the ledger always has its bytes.
        _keep_original(context, announced, path=path)
        days = contracts[receipt.extract].originals_kept_days
        _record(context, announced, delivery_id=receipt.delivery_id, file_name=path.name, kept_days=days)
    # Also for one entered by a run that was killed before it came to this.
    if _seen_before(context, receipt, contract=contracts[receipt.extract]):
        record_verdict(
            context.ledger,
            delivery_id=receipt.delivery_id,
            state="duplicate",
            reason="these bytes were received before, and nothing since that would make them news",
            rows_in=receipt.rows,
            rows_duplicate=receipt.rows,
        )
        return "duplicate"
    return "known" if known is not None else "new"


def _check_ledger(context: Context, receipt: Receipt, *, where: str, latest: datetime | None) -> None:
    """Raises RefusedByRule: FILE-031 a stamp that lies ahead, also one that was refused for it and has come since;
    FILE-030 bytes that a person refused, FILE-027 a correction of what never came."""
    earlier = _of_same_sender(context, receipt)
    stamp = receipt.received_at_utc
    # A file that lies there until the day of its wrong stamp has come is as old as it was.
    was_ahead = any(one.received_at == stamp and one.reason_code == "FILE-031" for one in earlier)
    if was_ahead or (latest is not None and stamp > latest):
        raise refusal("FILE-031", where=where)
    if any(one.sha256 == receipt.sha256 and one.reason_code == REFUSED_BY_PERSON for one in earlier):
        raise refusal("FILE-030", where=where)
    # One refused unopened is entered with its fingerprint; its sender knows it by the id that the receipt makes.
    known = {name for one in earlier for name in (one.delivery_id, ".".join(one.delivery_id.split(".")[:3]))}
    if receipt.corrects is not None and receipt.corrects not in known:
        raise refusal("FILE-027", where=where)


def _seen_before(context: Context, receipt: Receipt, *, contract: ExtractContract) -> bool:
    """Whether the same bytes were received earlier from this sender, and would say nothing new.

    New and changed rows (a delta) are old news whenever they come again: an old file sent by mistake must not undo
    what was sent since. A file that is whole is its sender's last word, so that only the newest before it makes it a
    repeat: of all snapshots, or of its own period.
    """
    mine = (receipt.received_at_utc, receipt.delivery_id)
    standing = [
        one
        for one in sorted(_of_same_sender(context, receipt), key=lambda one: (one.received_at, one.delivery_id))
        if (one.received_at, one.delivery_id) < mine and one.state in ("received", "held", "accepted")
    ]
    if contract.cadence.content != "delta":
        period = (receipt.period_start, receipt.period_end)
        is_snapshot = contract.cadence.content == "snapshot"
        standing = [one for one in standing if is_snapshot or (one.period_start, one.period_end) == period][-1:]
    return any(_is_repeat(receipt, of=one) for one in standing)


def _is_repeat(receipt: Receipt, *, of: Delivery) -> bool:
    """Whether this is that delivery again.

    A refused one does not count: it may have been refused for its receipt, now put right. Nor does one that
    waits for its verdict under a receipt that says otherwise. Files without rows are alike on every quiet day: only
    the same period makes one of them a repeat, whatever had become of the others when this one was looked at.
    """
    is_settled = of.state != "received" and receipt.rows > 0
    return of.sha256 == receipt.sha256 and (is_settled or _agrees(of, receipt))


def _of_same_sender(context: Context, receipt: Receipt) -> list[Delivery]:
    return list_deliveries(context.ledger, extract=receipt.extract, sender=receipt.sender)


def _agrees(delivery: Delivery, receipt: Receipt) -> bool:
    mine = (receipt.rows, receipt.kind, receipt.period_start, receipt.period_end)
    return (delivery.rows_in, delivery.kind, delivery.period_start, delivery.period_end) == mine


def _keep_original(context: Context, announced: Announced, *, path: Path) -> None:
    """Seal the bytes as landed, and keep the receipt beside them: `validate` needs both, and only these.

    The bytes are read once: what is digested is what is sealed. Raises RefusedByRule: FILE-003 another digest,
    FILE-007 too large, FILE-028 no plain file.
    """
    delivery_id = announced.receipt.delivery_id
    target = layout.original(context.settings.home, delivery_id)
    target.parent.mkdir(parents=True, exist_ok=True)
    staged, digest = _staged(target), hashlib.sha256()
    with landing.open_file(path, at_most=LIMITS.landed) as source, staged.open("wb") as sealed:
        seal(source, sealed, key=context.keys.original, name=delivery_id, seen=digest.update)
    if digest.hexdigest() != announced.receipt.sha256:
        staged.unlink()
        raise refusal("FILE-003", where=announced.where)
    kept = target.with_name(f"{delivery_id}.receipt.json")
    _staged(kept).write_bytes(announced.kept)
    _staged(kept).replace(kept)
    staged.replace(target)


def _staged(path: Path) -> Path:
    return path.with_name(f".{path.name}.part")


def _record(
    context: Context,
    announced: Announced,
    *,
    delivery_id: str,
    file_name: str,
    kept_days: int | None = None,
    extract: str | None = None,
) -> None:
    """Enter a delivery; `kept_days` is None for one that was refused before it was opened and keeps no original."""
    receipt = announced.receipt
    record_received(
        context.ledger,
        delivery_id=delivery_id,
        extract=extract or receipt.extract,
        sender=announced.landed.sender,
        kind=receipt.kind,
        # Some senders name a file after a person.
        file_name=withheld(file_name),
        sha256=receipt.sha256,
        period_start=receipt.period_start,
        period_end=receipt.period_end,
        received_at=receipt.received_at_utc,
        rows_in=receipt.rows,
        corrects=receipt.corrects if kept_days is not None else None,
        original_expires_on=None if kept_days is None else receipt.received_at_utc.date() + timedelta(days=kept_days),
    )


def _record_refused(
    context: Context, announced: Announced, *, error: RefusedByRule, declared: Mapping[str, ExtractContract]
) -> None:
    """Enter the refusal under an id of its own, so that the same receipt may still come true.

    An extract that is not declared, and a sender that is not the folder's, are words of whoever wrote the receipt and
    are not repeated.
    """
    if error.code in _NOT_ENTERED:
        return
    receipt = announced.receipt
    extract = receipt.extract if receipt.extract in declared else UNDECLARED
    stamp = receipt.delivery_id.rsplit(".", 1)[1]
    delivery_id = f"{extract}.{announced.landed.sender}.{stamp}.{announced.fingerprint()}"
    _record(context, announced, delivery_id=delivery_id, file_name=announced.find_file().name, extract=extract)
    record_verdict(
        context.ledger,
        delivery_id=delivery_id,
        state="refused",
        reason_code=error.code,
        reason=str(error),
        rows_in=announced.receipt.rows,
        rows_refused=announced.receipt.rows,
    )


def _record_order(context: Context, receipt: Receipt, *, frozen: Sequence[Any]) -> None:
    """Enter how the delivery came, as known at this moment: later nights and deliveries change nothing about it."""
    newer = [one for one in _of_same_sender(context, receipt) if one.received_at > receipt.received_at_utc]
    counts = {
        "nights_frozen_before": sum(receipt.received_at_utc < intake_cut_off(as_of) for as_of in set(frozen)),
        "newer_ones_before": sum(one.state in ("received", "held", "accepted") for one in newer),
    }
    scope = receipt.delivery_id
    steps.start_step(context.ledger, scope=scope, step=STEP, at=context.now())
    steps.finish_step(context.ledger, scope=scope, step=STEP, at=context.now(), counts=counts)


def _record_left_lying(
    context: Context, *, refused: Sequence[RefusedFile], unexpected: Sequence[landing.Unexpected]
) -> None:
    """Enter what lay there and has no delivery in the ledger to tell of it, in place of what was entered before."""
    told = [f"{one.receipt}: {one.reason}" for one in refused]
    told += [f"{one.where}: {one.reason}" for one in unexpected]
    steps.start_step(context.ledger, scope=SCOPE, step=STEP, at=context.now())
    counts = {"left_lying": len(told), "named": told[:_MOST_NAMED]}
    steps.finish_step(context.ledger, scope=SCOPE, step=STEP, at=context.now(), counts=counts)


def left_lying(context: Context) -> list[str]:
    """What the last `receive` found in the landing folder and could not enter as a delivery, each with its reason."""
    record = steps.find_step(context.ledger, scope=SCOPE, step=STEP)
    return [] if record is None else list(record.counts.get("named", []))


def _spoken_for(announced: Iterable[Announced]) -> set[Path]:
    """Files that a receipt or manifest speaks of, also one that will be refused."""
    found: set[Path] = set()
    for one in announced:
        try:
            found.add(one.find_file())
        except RefusedByRule:
            continue
    return found


@dataclass(frozen=True)
class ReceiveResult:
    """Ids of deliveries taken in now, of those that repeat earlier bytes, and the files refused.

    late: of those taken in, the ones stamped before a night that had finished without them. out_of_order: the ones
    stamped before a delivery of the same sender that was taken in earlier. unexpected: what nobody spoke of.
    """

    delivery_ids: tuple[str, ...]
    duplicates: tuple[str, ...]
    refused: tuple[RefusedFile, ...]
    late: tuple[str, ...] = ()
    out_of_order: tuple[str, ...] = ()
    unexpected: tuple[landing.Unexpected, ...] = ()

    def told(self) -> list[str]:
        """A line for everything that an operator should see."""
        lines = [f"refused {one.receipt}: {one.reason}" for one in self.refused]
        lines += [f"late: {name} is stamped before a night that finished without it" for name in self.late]
        lines += [f"out of order: {name} is older than one received before it" for name in self.out_of_order]
        return lines + [f"left lying {one.where}: {one.reason}" for one in self.unexpected]
