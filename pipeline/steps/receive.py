"""Receive: take in what lies in the landing folder, in the order it was received.

Checks the receipt against the bytes, knows bytes it has seen before, seals the original and enters the delivery
in the ledger. It opens no row; nothing landed is moved or deleted, so a refused file can be looked at.
"""

import io
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipeline.channels import landing
from pipeline.contracts.extract import ExtractContract, load_extracts
from pipeline.contracts.receipt import Receipt, RefusedByRule, read_receipt, refusal
from pipeline.ledger.deliveries import (
    Delivery,
    get_delivery,
    list_deliveries,
    record_received,
    record_verdict,
)
from pipeline.steps.context import Context
from pipeline.store import layout
from pipeline.store.sealed import seal


def receive(context: Context, *, received_before: datetime | None = None) -> "ReceiveResult":
    """Take in every landed delivery, or those received before a moment; running it again changes nothing."""
    # read
    contracts = load_extracts(context.settings.project)
    waiting, refused = _announced(layout.landing(context.settings.home), received_before=received_before)
    # decide and write, one delivery at a time: each is taken in whole before the next is looked at
    new, duplicates = [], []
    for announced in waiting:
        try:
            state = _take_in(context, announced, contracts=contracts)
        except RefusedByRule as error:
            _record_refused(context, announced, error=error)
            refused.append(_refused(announced.landed, error))
            continue
        if state == "new":
            new.append(announced.receipt.delivery_id)
        elif state == "duplicate":
            duplicates.append(announced.receipt.delivery_id)
    return ReceiveResult(delivery_ids=tuple(new), duplicates=tuple(duplicates), refused=tuple(refused))


def _announced(folder: Path, *, received_before: datetime | None) -> tuple[list["_Announced"], list["RefusedFile"]]:
    """Readable receipts by received-at, then sender and file name; and the unreadable ones."""
    announced, refused = [], []
    for landed in landing.list_receipts(folder):
        try:
            where = f"{landed.sender}/{landed.path.name}"
            receipt = read_receipt(landing.read_bytes(landed.path, at_most=1_000_000), where=where)
        except RefusedByRule as error:
            refused.append(_refused(landed, error))
            continue
        if received_before is None or receipt.received_at_utc < received_before:
            announced.append(_Announced(landed=landed, receipt=receipt))
    announced.sort(key=lambda one: (one.receipt.received_at_utc, one.landed.sender, one.landed.path.name))
    return announced, refused


def _take_in(context: Context, announced: "_Announced", *, contracts: dict[str, ExtractContract]) -> str:
    """'new', 'duplicate' or 'known'; raises RefusedByRule."""
    receipt, where = announced.receipt, announced.where
    path = landing.find_file(announced.landed)
    known = get_delivery(context.ledger, receipt.delivery_id)
    if receipt.sender != announced.landed.sender:
        raise refusal("FILE-005", where=where)
    if receipt.extract not in contracts:
        raise refusal("FILE-004", where=where)
    if known is not None and known.sha256 != receipt.sha256:
        raise refusal("FILE-006", where=where)
    if known is not None and known.state != "received":
        return "known"
    data = landing.read_bytes(path)
    if landing.digest(data) != receipt.sha256:
        raise refusal("FILE-003", where=where)
    if known is None:
        # The original first: a delivery in the ledger always has its bytes.
        _keep_original(context, announced, data=data)
        _record(context, announced, delivery_id=receipt.delivery_id, file_name=path.name)
    # Also for one entered by a run that was killed before it came to this.
    if _seen_before(context, receipt):
        record_verdict(
            context.ledger,
            delivery_id=receipt.delivery_id,
            state="duplicate",
            reason="these bytes were received before",
            rows_in=receipt.rows,
            rows_duplicate=receipt.rows,
        )
        return "duplicate"
    return "known" if known is not None else "new"


def _seen_before(context: Context, receipt: Receipt) -> bool:
    """Whether the same bytes were received earlier from this sender.

    A refused delivery does not count: it may have been refused for its receipt, now put right. Nor does one that
    waits for its verdict under a receipt that says otherwise.
    """
    earlier = list_deliveries(context.ledger, extract=receipt.extract, sender=receipt.sender)
    mine = (receipt.received_at_utc, receipt.delivery_id)
    same = [one for one in earlier if one.sha256 == receipt.sha256 and (one.received_at, one.delivery_id) < mine]
    return any(one.state == "accepted" or (one.state == "received" and _agrees(one, receipt)) for one in same)


def _agrees(delivery: Delivery, receipt: Receipt) -> bool:
    mine = (receipt.rows, receipt.kind, receipt.period_start, receipt.period_end)
    return (delivery.rows_in, delivery.kind, delivery.period_start, delivery.period_end) == mine


def _keep_original(context: Context, announced: "_Announced", *, data: bytes) -> None:
    """Seal the bytes as landed, and keep the receipt beside them: `validate` needs both, and only these."""
    delivery_id = announced.receipt.delivery_id
    target = layout.original(context.settings.home, delivery_id)
    target.parent.mkdir(parents=True, exist_ok=True)
    _put(target.with_name(f"{delivery_id}.receipt.json"), announced.landed.path.read_bytes())
    sealed = io.BytesIO()
    seal(io.BytesIO(data), sealed, key=context.keys.original, name=delivery_id)
    _put(target, sealed.getvalue())


def _put(path: Path, data: bytes) -> None:
    staged = path.with_name(f".{path.name}.part")
    staged.write_bytes(data)
    staged.replace(path)


def _record(context: Context, announced: "_Announced", *, delivery_id: str, file_name: str) -> None:
    receipt = announced.receipt
    record_received(
        context.ledger,
        delivery_id=delivery_id,
        extract=receipt.extract,
        sender=announced.landed.sender,
        kind=receipt.kind,
        file_name=file_name,
        sha256=receipt.sha256,
        period_start=receipt.period_start,
        period_end=receipt.period_end,
        received_at=receipt.received_at_utc,
        rows_in=receipt.rows,
    )


def _record_refused(context: Context, announced: "_Announced", *, error: RefusedByRule) -> None:
    """Enter the refusal under an id of its own, so that the same receipt may still come true.

    A file not there yet may be on its way, and an unsafe name belongs in no record: neither is entered.
    """
    if error.code in ("FILE-002", "FILE-013"):
        return
    delivery_id = f"{announced.receipt.delivery_id}.{announced.fingerprint()}"
    file_name = landing.find_file(announced.landed).name
    _record(context, announced, delivery_id=delivery_id, file_name=file_name)
    record_verdict(
        context.ledger,
        delivery_id=delivery_id,
        state="refused",
        reason_code=error.code,
        reason=str(error),
        rows_in=announced.receipt.rows,
        rows_refused=announced.receipt.rows,
    )


def _refused(landed: landing.LandedReceipt, error: RefusedByRule) -> "RefusedFile":
    return RefusedFile(receipt=f"{landed.sender}/{landed.path.name}", code=error.code, reason=str(error))


@dataclass(frozen=True)
class _Announced:
    """A receipt that could be read, and where it lies."""

    landed: landing.LandedReceipt
    receipt: Receipt

    @property
    def where(self) -> str:
        return f"{self.landed.sender}/{self.landed.path.name}"

    def fingerprint(self) -> str:
        """Eight digits that tell this file from the next attempt with the same stamp."""
        path = landing.find_file(self.landed)
        size = str(path.stat().st_size).encode()
        seen = size if path.stat().st_size > landing.MAX_BYTES else path.read_bytes()
        return landing.digest(self.landed.sender.encode() + b"\0" + seen)[:8]


@dataclass(frozen=True)
class RefusedFile:
    """A landed file that was not taken in, and why."""

    receipt: str
    code: str
    reason: str


@dataclass(frozen=True)
class ReceiveResult:
    """Ids of deliveries taken in now, of those that repeat earlier bytes, and the files refused."""

    delivery_ids: tuple[str, ...]
    duplicates: tuple[str, ...]
    refused: tuple[RefusedFile, ...]
