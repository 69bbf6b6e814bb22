"""A parcel: the files of a pack as one archive, whose bytes depend on nothing but names and contents.

Nothing in it is compressed, so that another version of a library makes the same bytes; the carrier may compress it on
the way. Opening one that came trusts nothing in it: no path, no size, no number of files.
"""

import hashlib
import io
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from pipeline.channels.folder import sync_folder
from pipeline.channels.landing_container import ENDINGS, LIMITS
from pipeline.channels.pack_seal import RECALLED

RECEIPT = ".receipt.json"
# Archives know no time before this day, and ours tell no other.
NO_TIME = (1980, 1, 1, 0, 0, 0)
_RECEIPT_BYTES = 1_000_000
_PIECE = 2**20


class Unusable(Exception):
    """What came cannot be used; says why, without anything that stood in it."""


def packed(files: Mapping[str, bytes]) -> bytes:
    """The files as one archive, by name: the same files always make the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, date_time=NO_TIME)
            entry.external_attr = 0o600 << 16
            archive.writestr(entry, files[name])
    return out.getvalue()


def files_of(pack: Path) -> dict[str, bytes]:
    """The files of a published pack; corrections and a notice of recall, which lie beside them, left out."""
    paths = [path for path in sorted(pack.iterdir()) if path.is_file() and path.name != RECALLED]
    return {path.name: path.read_bytes() for path in paths}


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def land_extract(archive: Path, *, folder: Path, name: str) -> str:
    """Put the one file and the one receipt of an archive into a sender's landing folder; the name of the file there.

    The receipt comes last: until it lies there nothing is taken in. Names inside are looked at for their endings and
    never used. Raises Unusable when it is anything else than one file and its receipt.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            data, receipt = _file_and_receipt(opened.infolist())
            ending = next(ending for ending in ENDINGS if data.filename.endswith(ending))
            target = folder / f"{name}{ending}"
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with opened.open(data) as source:
                put(target, source, at_most=LIMITS.landed)
            with opened.open(receipt) as source:
                put(folder / f"{target.name}{RECEIPT}", source, at_most=_RECEIPT_BYTES)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk's fault, not the sender's
        raise Unusable("it is no archive that can be opened") from None
    return target.name


def _file_and_receipt(entries: list[zipfile.ZipInfo]) -> tuple[zipfile.ZipInfo, zipfile.ZipInfo]:
    receipts = [entry for entry in entries if entry.filename.endswith(RECEIPT)]
    data = [entry for entry in entries if entry.filename.endswith(tuple(ENDINGS))]
    if len(entries) != 2 or len(receipts) != 1 or len(data) != 1:
        raise Unusable(f"it holds {len(entries)} files, not one of a kind that is taken and its receipt")
    if data[0].file_size > LIMITS.landed or receipts[0].file_size > _RECEIPT_BYTES:
        raise Unusable("a file in it is larger than a delivery may be")
    return data[0], receipts[0]


def put(target: Path, source: IO[bytes], *, at_most: int) -> None:
    """Write what the source holds under the name, whole or not at all; raises Unusable when it is longer than told."""
    beside = target.with_name(f".{target.name}.part")
    written = 0
    with beside.open("wb") as out:
        while piece := source.read(_PIECE):
            written += len(piece)
            if written > at_most:
                break
            out.write(piece)
        out.flush()
        os.fsync(out.fileno())
    if written > at_most:
        beside.unlink()
        raise Unusable("a file in it is larger than a delivery may be")
    beside.replace(target)
    sync_folder(target.parent)


def move_in(source: Path, target: Path) -> None:
    """Put a file that lies whole in the same home into its place."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    source.replace(target)
    sync_folder(target.parent)


def sweep(folder: Path) -> int:
    """Remove what an interrupted reading left half-written; number removed."""
    left = sorted(folder.glob(".*.part")) if folder.is_dir() else []
    for path in left:
        path.unlink()
    return len(left)
