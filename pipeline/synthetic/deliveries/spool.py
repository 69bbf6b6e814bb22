"""Rows of deliveries while blocks of people come and go: appended to one hidden file per delivery, as CSV lines.

Memory holds the rows of one block at a time. The spool lies beside what will be landed and is removed at the end.
"""

import io
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa


@dataclass
class Spooled:
    """What lies in the spool for one delivery: how many rows, under which headers, and where dirt was planted.

    planted: kind of dirt -> row numbers, from 1 for the first row after the header.
    """

    path: Path
    headers: tuple[str, ...] = ()
    rows: int = 0
    planted: dict[str, list[int]] = field(default_factory=dict)


class Spool:
    """Files being written, one per delivery; rows are only ever added at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._open: dict[str, Spooled] = {}
        folder.mkdir(parents=True, exist_ok=False)

    def add(self, delivery_id: str, table: pa.Table, *, planted: Mapping[str, list[int]]) -> None:
        """Add rows of a block. planted: kind -> positions within these rows, from 0."""
        there = self.get(delivery_id)
        headers = tuple(table.column_names)
        if there.headers and there.headers != headers:
            raise ValueError(f"{delivery_id}: blocks disagree about the columns")
        there.headers = headers
        for kind, positions in planted.items():
            numbers = [there.rows + position + 1 for position in positions]
            there.planted.setdefault(kind, []).extend(numbers)
        there.rows += table.num_rows
        with there.path.open("ab") as out:
            out.write(csv_lines(table))

    def get(self, delivery_id: str) -> Spooled:
        """What there is of this delivery so far."""
        if delivery_id not in self._open:
            self._open[delivery_id] = Spooled(path=self.folder / f"{delivery_id}.csv")
        return self._open[delivery_id]

    def remove(self) -> None:
        """Delete the spool and what is left in it."""
        shutil.rmtree(self.folder)


def csv_lines(table: pa.Table) -> bytes:
    """The rows without a header: no value needs quotes (pyarrow refuses one that would), empty means null."""
    from pyarrow import csv

    if not table.num_rows:
        return b""
    buffer = io.BytesIO()
    # In one piece: for a piece without rows pyarrow 26 writes whatever lay in its memory.
    csv.write_csv(table.combine_chunks(), buffer, csv.WriteOptions(include_header=False, quoting_style="none"))
    return buffer.getvalue()
