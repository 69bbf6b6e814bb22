"""The landing folder: which receipts lie there, the bytes of a file, and those bytes as a table of text.

Strict on purpose: a file that is not exactly what its contract declares is refused whole. No message holds a
value; nothing here writes, moves or deletes what a supplier landed.
"""

import hashlib
import io
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from pipeline.contracts.extract import check_name
from pipeline.contracts.receipt import refusal

MAX_BYTES = 512 * 2**20  # what can be sealed in one piece
MAX_UNPACKED = 2 * 2**30
_RECEIPT = ".receipt.json"
_BOM = b"\xef\xbb\xbf"


def list_receipts(landing: Path) -> list["LandedReceipt"]:
    """Receipts under `<landing>/<sender>/`, by sender and file name; not names that start with '_' or '.'."""
    found = []
    for folder in sorted(_visible(landing)):
        if folder.is_dir():
            paths = sorted(path for path in _visible(folder) if path.name.endswith(_RECEIPT))
            found += [LandedReceipt(path=path, sender=folder.name) for path in paths if path.is_file()]
    return found


def find_file(landed: "LandedReceipt") -> Path:
    """The file a receipt speaks of; raises RefusedByRule: FILE-002 missing, FILE-013 unsafely named."""
    stem = landed.path.name.removesuffix(_RECEIPT)
    if not (check_name(stem) and check_name(landed.sender)):
        raise refusal("FILE-013", where=f"a receipt of sender folder {landed.path.parent.name!r}")
    names = [stem] if stem.endswith((".csv", ".csv.gz")) else [f"{stem}.csv", f"{stem}.csv.gz"]
    for name in names:
        path = landed.path.with_name(name)
        # A link could point outside the landing folder.
        if path.is_file() and not path.is_symlink():
            return path
    raise refusal("FILE-002", where=f"{landed.sender}/{landed.path.name}")


def read_bytes(path: Path, *, at_most: int = MAX_BYTES) -> bytes:
    """The file as it lies; raises RefusedByRule (FILE-007) above the cap."""
    if path.stat().st_size > at_most:
        raise refusal("FILE-007", where=f"{path.parent.name}/{path.name}")
    return path.read_bytes()


def digest(data: bytes) -> str:
    """SHA-256 of the bytes as landed."""
    return hashlib.sha256(data).hexdigest()


def unpack(data: bytes, *, file_name: str, at_most: int = MAX_UNPACKED) -> bytes:
    """The CSV's bytes; a `.gz` is unpacked no further than the cap, so a small file cannot fill the memory.

    Raises RefusedByRule: FILE-007 above the cap, FILE-008 damaged or cut short.
    """
    if not file_name.endswith(".gz"):
        return data
    pieces, size, rest = [], 0, data
    while rest:
        member = zlib.decompressobj(wbits=31)
        try:
            piece = member.decompress(rest, at_most - size + 1)
        except zlib.error:
            raise refusal("FILE-008", where=file_name) from None
        size += len(piece)
        if size > at_most:
            raise refusal("FILE-007", where=file_name)
        if not member.eof:
            raise refusal("FILE-008", where=file_name)
        pieces.append(piece)
        rest = member.unused_data
    return b"".join(pieces)


def parse_csv(data: bytes, *, headers: Sequence[str], names: Sequence[str], where: str) -> pa.Table:
    """The file as a table of text under our `names`, with source_row_number from 1 (first row after the header).

    Raises RefusedByRule: FILE-009 not UTF-8, FILE-010 another header, FILE-011 fields missing or too many,
    FILE-012 not complete. A byte order mark is passed over.
    """
    from pyarrow import csv

    body = data.removeprefix(_BOM)
    _check_text(body, where=where)
    _check_header(body, headers=headers, where=where)
    ragged: list[int] = []

    def note(row: csv.InvalidRow) -> str:
        ragged.append((row.number or 0) - 1)
        return "skip"

    broken = False
    try:
        table = csv.read_csv(
            io.BytesIO(body),
            # One thread, or the parser does not know the numbers of ragged rows.
            read_options=csv.ReadOptions(use_threads=False, skip_rows=0, column_names=list(names)),
            parse_options=csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=note),
            convert_options=csv.ConvertOptions(
                column_types={name: pa.string() for name in names}, strings_can_be_null=False
            ),
        ).slice(1)
    except pa.ArrowInvalid:
        broken = True  # its message quotes the row: not chained
    if broken:
        raise refusal("FILE-012", where=where)
    if ragged:
        shown = ", ".join(str(number) for number in ragged[:20])
        raise refusal("FILE-011", where=f"{where}, {len(ragged)} rows, the first of them: {shown}")
    numbers = pa.array(range(1, table.num_rows + 1), type=pa.int64())
    return table.append_column("source_row_number", numbers)


def _check_text(body: bytes, *, where: str) -> None:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        raise refusal("FILE-009", where=where) from None
    if b"\0" in body:
        raise refusal("FILE-009", where=where)
    # An odd number of quotation marks means that one was never closed: everything after it is one field.
    if not body.endswith(b"\n") or body.count(b'"') % 2:
        raise refusal("FILE-012", where=where)


def _check_header(body: bytes, *, headers: Sequence[str], where: str) -> None:
    import csv

    line = body[: body.index(b"\n")].decode("utf-8").rstrip("\r")
    found = next(csv.reader([line]), [])
    if found != list(headers):
        at = next(
            (i for i, (one, two) in enumerate(zip(found, headers, strict=False), start=1) if one != two),
            min(len(found), len(headers)) + 1,
        )
        raise refusal("FILE-010", where=f"{where}, column {at}")


def _visible(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (path for path in folder.iterdir() if not path.name.startswith(("_", ".")))


@dataclass(frozen=True)
class LandedReceipt:
    """A receipt as it lies in a sender's folder."""

    path: Path
    sender: str
