"""Puts planned deliveries into the landing folder as suppliers do: a CSV file, then its receipt.

Headers are the standard's. The bytes depend on the rows alone.
"""

import hashlib
import io
import json
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

from pipeline.synthetic.sending import Delivery


def write_deliveries(out: Path, deliveries: Iterable[Delivery]) -> list[dict[str, object]]:
    """Write each file and receipt under `<out>/<sender>/`; returns what was written, one entry per delivery."""
    numbers: dict[str, int] = {}
    written = []
    for delivery in deliveries:
        stem = f"{delivery.extract}_{delivery.sender}_{_day(delivery.period_end):%Y%m%d}"
        numbers[stem] = numbers.get(stem, 0) + 1
        name = f"{stem}_{numbers[stem]:02}"
        folder = out / delivery.sender
        folder.mkdir(parents=True, exist_ok=True)
        data = csv_bytes(delivery)
        (folder / f"{name}.csv").write_bytes(data)
        receipt = receipt_of(delivery, data)
        text = json.dumps(receipt, indent=2, sort_keys=True) + "\n"
        (folder / f"{name}.receipt.json").write_text(text, encoding="utf-8")
        written.append(
            {
                "delivery_id": delivery.delivery_id,
                "file": f"{delivery.sender}/{name}.csv",
                "extract": delivery.extract,
                "rows": receipt["rows"],
                "planted": dict(sorted(delivery.planted.items())),
            }
        )
    return written


def csv_bytes(delivery: Delivery) -> bytes:
    """The file: no value needs quotes, empty means null."""
    from pyarrow import csv

    table = delivery.rows.table
    buffer = io.BytesIO()
    buffer.write((",".join(table.column_names) + "\n").encode())
    csv.write_csv(table, buffer, csv.WriteOptions(include_header=False, quoting_style="none"))
    data = buffer.getvalue()
    # Cut inside the last row: its line end and a few of its characters are gone.
    return data[:-9] if delivery.is_cut else data


def receipt_of(delivery: Delivery, data: bytes) -> dict[str, object]:
    """The receipt; a cut file's speaks of the bytes as they lie and of the rows that should be there."""
    day, hour, minute = delivery.received
    return {
        "schema": "receipt/1",
        "extract": delivery.extract,
        "sender": delivery.sender,
        "kind": delivery.kind,
        "period_start": str(_day(delivery.period_start)),
        "period_end": str(_day(delivery.period_end)),
        "received_at": f"{_day(day)}T{hour:02}:{minute:02}:00Z",
        "rows": delivery.rows.table.num_rows,
        "sha256": hashlib.sha256(data).hexdigest(),
    }


def _day(number: int) -> date:
    return date(1970, 1, 1) + timedelta(days=number)
