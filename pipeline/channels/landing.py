"""The landing folder: which receipts and manifests lie there, which file each speaks of, and what nobody speaks of.

Nothing here writes, moves or deletes what a supplier landed, follows a link, or looks outside a sender's own folder.
"""

import os
import re
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from pipeline.channels.landing_container import ENDINGS
from pipeline.contracts.extract import check_name
from pipeline.contracts.receipt import refusal
from pipeline.log import POSTCODE_MASKED, withheld
from pipeline.rules import nhs_number

_RECEIPT = ".receipt.json"
_MANIFEST = "manifest.json"
_CHECKSUM = ".sha256"
# A receipt, manifest or checksum is a page of text.
_PAGE = 1_000_000
_LONGEST_TOLD = 60


@dataclass(frozen=True)
class LandedReceipt:
    """A receipt or manifest as it lies in a sender's folder."""

    path: Path
    sender: str

    @property
    def where(self) -> str:
        """For messages: the sender's folder and the file's name."""
        return f"{safe(self.sender)}/{safe(self.path.name)}"

    @property
    def is_manifest(self) -> bool:
        return not self.path.name.endswith(_RECEIPT)


@dataclass(frozen=True)
class Unexpected:
    """Something in the landing folder that is not taken in: where it lies, and why."""

    where: str
    reason: str


def list_receipts(landing: Path) -> list[LandedReceipt]:
    """Receipts and manifests under `<landing>/<sender>/`, by sender and file name.

    Not names that start with '_' or '.', and no links.
    """
    found = []
    for folder in sorted(_visible(landing)):
        if folder.is_dir() and not folder.is_symlink():
            paths = sorted(path for path in _visible(folder) if path.name.endswith((_RECEIPT, _MANIFEST)))
            found += [LandedReceipt(path=path, sender=folder.name) for path in paths if _is_plain(path)]
    return found


def find_file(landed: LandedReceipt) -> Path:
    """The file a receipt speaks of: of its name, with one of the endings that are taken.

    Raises RefusedByRule: FILE-002 missing, FILE-013 unsafely named, FILE-014 several, FILE-015 of another kind,
    FILE-028 a link.
    """
    stem = landed.path.name.removesuffix(_RECEIPT)
    _check_names(stem, landed)
    named = [stem] if stem.endswith(tuple(ENDINGS)) else [f"{stem}{ending}" for ending in ENDINGS]
    # A link could point outside the landing folder.
    found = [path for path in (landed.path.with_name(name) for name in named) if _lies_there(path, landed)]
    if len(found) > 1:
        raise refusal("FILE-014", where=f"{landed.where}, {len(found)} files")
    if not found:
        others = [path for path in _visible(landed.path.parent) if path.name.startswith(f"{stem}.")]
        is_strange = any(not path.name.endswith((_RECEIPT, _MANIFEST, _CHECKSUM)) for path in others)
        raise refusal("FILE-015" if is_strange else "FILE-002", where=landed.where)
    return found[0]


def find_listed(landed: LandedReceipt, name: str) -> Path:
    """The file of this name that a manifest lists; raises as `find_file` does."""
    _check_names(name, landed)
    path = landed.path.with_name(name)
    if not name.endswith(tuple(ENDINGS)):
        raise refusal("FILE-015", where=landed.where)
    if not _lies_there(path, landed):
        raise refusal("FILE-002", where=f"{landed.where}, {safe(name)}")
    return path


def open_file(path: Path, *, at_most: int) -> BinaryIO:
    """The file as it lies, open for reading; raises RefusedByRule: FILE-007 above the cap, FILE-028 no plain file.

    What is opened is looked at, not the name: a link put in its place a moment ago is not followed, and a pipe does
    not make us wait.
    """
    where = f"{safe(path.parent.name)}/{safe(path.name)}"
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        handle = -1
    if handle < 0:
        raise refusal("FILE-028", where=where)
    known = os.fstat(handle)
    if not stat.S_ISREG(known.st_mode) or known.st_size > at_most:
        os.close(handle)
        raise refusal("FILE-007" if stat.S_ISREG(known.st_mode) else "FILE-028", where=where)
    return os.fdopen(handle, "rb")


def read_page(path: Path) -> bytes:
    """A receipt or manifest as it lies; raises what `open_file` raises, FILE-007 above a million bytes."""
    with open_file(path, at_most=_PAGE) as file:
        return file.read()


def check_checksum(path: Path, *, sha256: str) -> None:
    """Hold the file beside a landed one (`<file>.sha256`), if there is one, against the digest.

    Raises RefusedByRule (FILE-024) when it says otherwise or nothing that can be read.
    """
    beside = _checksum_of(path)
    if _is_plain(beside):
        words = read_page(beside).decode("ascii", errors="replace").split()
        if not words or words[0].lower() != sha256:
            raise refusal("FILE-024", where=f"{safe(path.parent.name)}/{safe(beside.name)}")


def list_unexpected(landing: Path, *, spoken_for: Collection[Path], quiet_since: datetime) -> list[Unexpected]:
    """What lies in the landing folder and will not be taken in, with the reason, by place.

    A file that no receipt or manifest speaks of is named only when it has not changed since the moment: its receipt
    may be on its way.
    """
    found: list[Unexpected | None] = []
    for path in sorted(_visible(landing)):
        if path.is_dir() and not path.is_symlink() and not _is_open(path):
            found.append(Unexpected(safe(path.name), "the folder cannot be read by the account we run under"))
        elif path.is_dir() and not path.is_symlink():
            known = {*spoken_for, *(_checksum_of(file) for file in spoken_for)}
            inside = sorted(one for one in _visible(path) if one not in known)
            found += [_unexpected(one, f"{safe(path.name)}/", quiet_since=quiet_since) for one in inside]
        else:
            is_link = path.is_symlink()
            reason = "it is a link, and links are not followed" if is_link else "it lies outside every sender's folder"
            found.append(Unexpected(safe(path.name), reason))
    return [one for one in found if one is not None]


def safe(name: str) -> str:
    """A name as it may stand in a message: no sign that could mislead, no number, no postcode, not endlessly long."""
    told = withheld(name).replace(nhs_number.MASKED, "withheld").replace(POSTCODE_MASKED, "withheld")
    plain = re.sub(r"[^A-Za-z0-9._ -]", "?", told)
    return plain if len(plain) <= _LONGEST_TOLD else f"{plain[:_LONGEST_TOLD]}..."


def _unexpected(path: Path, folder: str, *, quiet_since: datetime) -> Unexpected | None:
    where = f"{folder}{safe(path.name)}"
    if path.is_symlink():
        return Unexpected(where, "it is a link, and links are not followed")
    if path.is_dir():
        return Unexpected(where, "it is a folder inside a sender's folder, which nobody looks into")
    if not path.is_file():
        return Unexpected(where, "it is not a plain file")
    if path.name.endswith((_RECEIPT, _MANIFEST)):
        return None
    if datetime.fromtimestamp(path.stat().st_mtime, tz=UTC) > quiet_since:
        return None
    if path.name.endswith(_CHECKSUM):
        return Unexpected(where, "it is a checksum without its file or without a receipt")
    if not path.name.endswith(tuple(ENDINGS)):
        return Unexpected(where, "it is of a kind that is not taken, and no receipt or manifest speaks of it")
    return Unexpected(where, "no receipt or manifest speaks of it")


def _check_names(name: str, landed: LandedReceipt) -> None:
    if not (check_name(name) and check_name(landed.sender)):
        raise refusal("FILE-013", where=f"a receipt of sender folder {safe(landed.path.parent.name)}")


def _lies_there(path: Path, landed: LandedReceipt) -> bool:
    if path.is_symlink():
        raise refusal("FILE-028", where=landed.where)
    return path.is_file()


def _checksum_of(path: Path) -> Path:
    return path.with_name(f"{path.name}{_CHECKSUM}")


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _visible(folder: Path) -> Iterator[Path]:
    """What lies in a folder; nothing of one we may not read, so that one sender's mistake does not stop the night."""
    if folder.is_dir() and _is_open(folder):
        yield from (path for path in folder.iterdir() if not path.name.startswith(("_", ".")))


def _is_open(folder: Path) -> bool:
    return os.access(folder, os.R_OK | os.X_OK)
