"""The folder in which files for the check for national data opt-outs wait to be sent, and in which replies are put.

Names and bytes only; what they mean is for `pipeline/rules/opt_out_check.py`. Both folders hold identifiers: they are
closed to others, and emptied as soon as a reply was read. An automatic mailbox takes the place of this module.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path


def put_requests(folder: Path, files: Mapping[str, bytes]) -> None:
    """Make these the files that wait to be sent, each whole or not at all; what waited before is gone."""
    empty(folder)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, content in sorted(files.items()):
        beside = folder / f".{name}.part"
        with beside.open("wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        beside.replace(folder / name)


def read_files(folder: Path, names: Sequence[str]) -> dict[str, bytes]:
    """Those of the named files that are there."""
    return {name: (folder / name).read_bytes() for name in names if (folder / name).is_file()}


def other_files(folder: Path, names: Sequence[str]) -> int:
    """How many files lie there beside the named ones."""
    return sum(path.name not in names for path in folder.iterdir()) if folder.is_dir() else 0


def empty(folder: Path) -> None:
    """Remove every file of the folder."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        path.unlink()
