"""Files as senders land them, for tests that go through `receive`: good rows and a receipt that fits them."""

import csv
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import planted_defects as planted

from pipeline.contracts.extract import load_extracts
from pipeline.contracts.settings import PROJECT
from pipeline.ledger.deliveries import get_delivery
from pipeline.steps.at_hand.context import Context
from pipeline.steps.receive.receive import receive
from pipeline.steps.validate.validate import validate
from pipeline.store import layout

CONTRACTS = load_extracts(PROJECT)


def csv_of(extract: str, lines: Sequence[Mapping[str, str]]) -> bytes:
    """The current format's header and a good row for each line, with the line's values changed."""
    contract = CONTRACTS[extract]
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(contract.headers())
    for number, line in enumerate(lines, start=1):
        row = {**planted.good_row(extract, number=number), **line}
        writer.writerow([row[name] for name in contract.names()])
    return out.getvalue().encode()


def receipt_of(
    data: bytes, *, extract: str, sender: str, rows: int, at: str, changes: Mapping[str, object]
) -> dict[str, object]:
    """A receipt that fits these bytes, with some of it changed."""
    return {
        "schema": "receipt/1",
        "extract": extract,
        "sender": sender,
        "kind": "regular",
        "period_start": "2026-11-01",
        "period_end": "2026-11-30",
        "received_at": at,
        "rows": rows,
        "sha256": hashlib.sha256(data).hexdigest(),
        **changes,
    }


def land(
    context: Context,
    extract: str,
    lines: Sequence[Mapping[str, str]] = ({},),
    *,
    name: str = "file",
    sender: str = "RAL",
    at: str = "2026-11-15T20:00:00Z",
    data: bytes | None = None,
    ending: str = ".csv",
    **changes: object,
) -> Path:
    """Land a file of these rows (or these bytes) and its receipt; the file's path."""
    content = csv_of(extract, lines) if data is None else data
    folder = layout.landing(context.settings.home) / sender
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}{ending}"
    path.write_bytes(content)
    receipt = receipt_of(content, extract=extract, sender=sender, rows=len(lines), at=at, changes=changes)
    (folder / f"{name}.receipt.json").write_text(json.dumps(receipt))
    return path


def take_in(context: Context) -> dict[str, str]:
    """Receive and validate everything that lies there; state of each delivery taken in now, with its reason code."""
    told = {}
    result = receive(context)
    for delivery_id in (*result.delivery_ids, *result.duplicates):
        validate(context, delivery_id=delivery_id)
        found = get_delivery(context.ledger, delivery_id)
        assert found is not None and found.balances()
        told[delivery_id] = f"{found.state} {found.reason_code or ''}".strip()
    return told
