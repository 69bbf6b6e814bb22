"""What a landed file is wrapped in: plain, gzip or zip around a CSV, a Parquet file, an XLSX workbook; and how far
it may swell.

Names inside an archive are looked at and never used: nothing is ever unpacked to a place a sender chose.
"""

import gzip
import io
import struct
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO

from pipeline.contracts.extract import check_name
from pipeline.contracts.receipt import refusal

# ending: kind. Longer endings first, since ".csv.gz" also ends in ".gz".
ENDINGS = {
    ".csv.gz": "gzip",
    ".csv.zip": "zip",
    ".csv": "csv",
    ".zip": "zip",
    ".parquet": "parquet",
    ".xlsx": "xlsx",
}
_STARTS = {"gzip": b"\x1f\x8b", "zip": b"PK", "parquet": b"PAR1", "xlsx": b"PK"}
# What Office writes when a workbook has a password, and what it wrote before 2007.
_OLE = b"\xd0\xcf\x11\xe0"
# An archive of one member needs less than a thousandth of this for its list; a workbook has some dozen parts.
_MOST_LISTED = 2**20
_MOST_PARTS = 1000
_ENCRYPTED = 0x1


@dataclass(frozen=True)
class Limits:
    """Sizes in bytes, and how many times its landed size a file may unpack to once it is past `ratio_from`."""

    landed: int = 20 * 2**30
    unpacked: int = 50 * 2**30
    ratio: int = 100
    ratio_from: int = 64 * 2**20
    line: int = 16 * 2**20
    # A workbook's shared texts are held in memory while it is read.
    shared_texts: int = 256 * 2**20

    def check(self, unpacked: int, *, landed: int, where: str) -> None:
        """Raises RefusedByRule: FILE-007 beyond the size a delivery may have, FILE-017 beyond the ratio."""
        if unpacked > self.unpacked:
            raise refusal("FILE-007", where=where)
        if unpacked > self.ratio_from and unpacked > self.ratio * landed:
            raise refusal("FILE-017", where=where)


LIMITS = Limits()


def kind_of(file_name: str) -> str | None:
    """csv, gzip, zip, parquet or xlsx by the name's ending; None for any other file."""
    return next((kind for ending, kind in ENDINGS.items() if file_name.endswith(ending)), None)


def open_file(source: BinaryIO, *, file_name: str, where: str, limits: Limits = LIMITS) -> tuple[str, BinaryIO, int]:
    """Kind of table (csv, parquet or xlsx), its bytes as a file, and the landed size.

    Raises RefusedByRule: FILE-015 not of the kind its name says, FILE-008 damaged, FILE-016 to FILE-018 and FILE-029
    for what an archive may not hold. What a gzip or zip unpacks to is for the reader to count.
    """
    landed = source.seek(0, io.SEEK_END)
    source.seek(0)
    start = source.read(8)
    source.seek(0)
    kind = kind_of(file_name)
    _check_start(start, kind=kind, where=where)
    if kind == "gzip":
        return "csv", gzip.GzipFile(fileobj=source, mode="rb"), landed  # type: ignore[return-value]  # readable is enough
    if kind == "zip":
        return "csv", _only_member(source, landed=landed, where=where, limits=limits), landed
    if kind == "xlsx":
        _check_workbook(source, landed=landed, where=where, limits=limits)
    return str(kind), source, landed


def _check_start(start: bytes, *, kind: str | None, where: str) -> None:
    if start.startswith(_OLE):
        raise refusal("FILE-029", where=f"{where}, an older or password-protected Office file")
    told = next((other for other, magic in _STARTS.items() if start.startswith(magic)), None)
    if kind is None or (kind == "csv" and told is not None):
        raise refusal("FILE-015", where=where if told is None else f"{where}, which holds a {told} file")
    if kind != "csv" and not start.startswith(_STARTS[kind]):
        raise refusal("FILE-008", where=f"{where}, which is no {kind} file")


def _only_member(source: BinaryIO, *, landed: int, where: str, limits: Limits) -> BinaryIO:
    archive = _archive(source, where=where)
    members = archive.infolist()
    if len(members) != 1:
        raise refusal("FILE-016", where=f"{where}, {len(members)} members")
    (member,) = members
    if any(sign in member.orig_filename for sign in "/\\:\0") or not check_name(member.filename):
        raise refusal("FILE-018", where=where)
    if kind_of(member.filename) != "csv":
        raise refusal("FILE-016", where=f"{where}, its member is no .csv")
    _check_member(member, where=where)
    limits.check(member.file_size, landed=landed, where=where)
    opened = None
    # The library's messages quote the member's name: told below in our words.
    with suppress(zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, OSError):
        opened = archive.open(member)
    if opened is None:
        raise refusal("FILE-008", where=where)
    return opened  # type: ignore[return-value]  # readable is enough


def _check_workbook(source: BinaryIO, *, landed: int, where: str, limits: Limits) -> None:
    """Sizes, encryption and macros of a workbook, before anything in it is parsed."""
    members = _archive(source, where=where).infolist()
    if len(members) > _MOST_PARTS or len({member.filename for member in members}) < len(members):
        raise refusal("FILE-008", where=f"{where}, {len(members)} parts")
    for member in members:
        _check_member(member, where=where)
        if "vbaproject" in member.filename.lower() or "/macrosheets/" in member.filename.lower():
            raise refusal("FILE-021", where=f"{where}, macros")
        if member.filename.lower().endswith("sharedstrings.xml") and member.file_size > limits.shared_texts:
            raise refusal("FILE-007", where=where)
    limits.check(sum(member.file_size for member in members), landed=landed, where=where)
    source.seek(0)


def _check_member(member: zipfile.ZipInfo, *, where: str) -> None:
    if member.flag_bits & _ENCRYPTED:
        raise refusal("FILE-029", where=where)
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise refusal("FILE-016", where=f"{where}, packed by a method other than deflate")


def _archive(source: BinaryIO, *, where: str) -> zipfile.ZipFile:
    archive = None
    if _listed_bytes(source) <= _MOST_LISTED:
        source.seek(0)
        with suppress(zipfile.BadZipFile, ValueError, OSError, NotImplementedError, struct.error):
            archive = zipfile.ZipFile(source)
    if archive is None:
        raise refusal("FILE-008", where=where)
    return archive


def _listed_bytes(source: BinaryIO) -> int:
    """Size of an archive's list of members as its end says: the library would read all of it into memory."""
    size = source.seek(0, io.SEEK_END)
    source.seek(max(0, size - 2**16 - 22 - 20))
    tail = source.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 16:
        return 0
    (listed,) = struct.unpack_from("<L", tail, at + 12)
    wide = tail.rfind(b"PK\x06\x07", 0, at)
    if listed != 0xFFFFFFFF or wide < 0 or len(tail) < wide + 16:
        return int(listed)
    (end,) = struct.unpack_from("<Q", tail, wide + 8)
    source.seek(min(end, size))
    record = source.read(56)
    return int(struct.unpack_from("<Q", record, 40)[0]) if len(record) == 56 else 0
