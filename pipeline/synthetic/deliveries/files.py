"""Puts spooled deliveries into the landing folder as suppliers do: a CSV file, then its receipt.

The bytes depend on the rows alone. A file of some gigabytes is never held in memory, unless it is damaged.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from pipeline.synthetic.deliveries.damage import BEFORE_BYTES, damaged
from pipeline.synthetic.deliveries.days import day_of
from pipeline.synthetic.deliveries.planned import Planned
from pipeline.synthetic.deliveries.spool import Spool, Spooled

_PIECE = 1 << 20


def write_deliveries(out: Path, plan: Iterable[Planned], spool: Spool) -> list[dict[str, object]]:
    """Write each file and receipt under `<out>/<sender>/`; returns what was written, one entry per delivery."""
    numbers: dict[str, int] = {}
    written = []
    for one in plan:
        stem = f"{one.extract}_{one.sender}_{day_of(one.period_end):%Y%m%d}"
        numbers[stem] = numbers.get(stem, 0) + 1
        name = f"{stem}_{numbers[stem]:02}"
        folder = out / one.sender
        folder.mkdir(parents=True, exist_ok=True)
        there = spool.get(one.copy_of or one.delivery_id)
        digest = _write(folder / f"{name}.csv", there, damage=one.damage)
        receipt = _receipt(one, rows=there.rows, digest=digest)
        text = json.dumps(receipt, indent=2, sort_keys=True) + "\n"
        (folder / f"{name}.receipt.json").write_text(text, encoding="utf-8")
        written.append(
            {
                "delivery_id": one.delivery_id,
                "file": f"{one.sender}/{name}.csv",
                "extract": one.extract,
                "rows": there.rows,
                "planted": {kind: list(rows) for kind, rows in sorted(there.planted.items())},
                "is_first": one.is_first,
            }
        )
    return written


def _write(path: Path, there: Spooled, *, damage: str) -> str:
    """The file's bytes and their SHA-256, which a receipt speaks of as they lie."""
    header = (",".join(there.headers) + "\n").encode()
    if damage and damage not in BEFORE_BYTES:
        rows = there.path.read_bytes() if there.path.exists() else b""
        data = damaged(header + rows, damage)
        path.write_bytes(data)
        return hashlib.sha256(data).hexdigest()
    digest = hashlib.sha256()
    with path.open("wb") as out:
        _add(out, header, digest)
        if there.path.exists():
            with there.path.open("rb") as rows_in:
                while piece := rows_in.read(_PIECE):
                    _add(out, piece, digest)
    return digest.hexdigest()


def _add(out: BinaryIO, piece: bytes, digest: "hashlib._Hash") -> None:
    out.write(piece)
    digest.update(piece)


def _receipt(one: Planned, *, rows: int, digest: str) -> dict[str, object]:
    """The receipt; a cut file's speaks of the bytes as they lie and of the rows that should be there."""
    day, hour, minute = one.received
    return {
        "schema": "receipt/1",
        "extract": one.extract,
        "sender": one.sender,
        "kind": one.kind,
        "period_start": str(day_of(one.period_start)),
        "period_end": str(day_of(one.period_end)),
        "received_at": f"{day_of(day)}T{hour:02}:{minute:02}:00Z",
        "rows": rows,
        "sha256": digest,
    }
