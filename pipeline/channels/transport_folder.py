"""Carrying by folder: each pack appears in the recipient's folder whole or not at all, under its own name.

The folder is a share or a mount that somebody else reads. Where packs are taken out of it, one that is gone was
collected; elsewhere nobody can say whether it was opened.
"""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from pipeline.channels.folder import STAGING, sync_folder
from pipeline.channels.parcel import digest, files_of, packed
from pipeline.channels.transport import Fate, Found, NotTaken, Parcel, Unreachable


class FolderTransport:
    """Packs laid into folders."""

    knows_for_certain = True
    settle_seconds = 0

    def __init__(self, *, was_sent: Sequence[str] = ()) -> None:
        # Local ids that are known to have been laid down: gone from a folder that is emptied means collected.
        self._was_sent = frozenset(was_sent)

    def find(self, parcel: Parcel) -> Found:
        place = _place(parcel)
        if not place.is_dir():
            return Found("there" if parcel.local_id in self._was_sent else "absent", place.name)
        if digest(packed(files_of(place))) != parcel.sha256:
            raise NotTaken(
                "Something else lies where the pack should go, and is not overwritten",
                where=f"{parcel.local_id}, folder of the recipient, {place.name}",
                next_step="look who put it there; once it is gone: riskstrat settle, with --again",
            )
        return Found("there", place.name)

    def send(self, parcel: Parcel) -> str:
        place = _place(parcel)
        if not place.parent.is_dir():
            raise Unreachable(
                "The recipient's folder is not there",
                where=f"{parcel.local_id}, folder {place.parent.name}",
                next_step="mount it or correct the delivery plan; the next riskstrat deliver sends what waits",
            )
        try:
            staged = _staged(parcel, place)
            staged.rename(place)
            sync_folder(place.parent)
        except OSError as error:
            raise Unreachable(
                f"The recipient's folder cannot be written to ({os.strerror(error.errno or 0)})",
                where=f"{parcel.local_id}, folder {place.parent.name}",
                next_step="put that right; the next riskstrat deliver sends what waits",
            ) from None
        return place.name

    def fate(self, parcel: Parcel, *, message_id: str) -> Fate:
        if not parcel.is_taken_out:
            return "collected"
        place = _place(parcel)
        if not place.parent.is_dir():
            return "not_known"
        return "under_way" if place.exists() else "collected"


def _place(parcel: Parcel) -> Path:
    return Path(parcel.recipient) / parcel.file_name.removesuffix(".zip")


def _staged(parcel: Parcel, place: Path) -> Path:
    staged = place.parent / f"{STAGING}{place.name}"
    if staged.exists():
        shutil.rmtree(staged)
    staged.mkdir(mode=0o750)
    for name in sorted(parcel.files):
        with (staged / name).open("wb") as handle:
            handle.write(parcel.files[name])
            handle.flush()
            os.fsync(handle.fileno())
    sync_folder(staged)
    return staged
