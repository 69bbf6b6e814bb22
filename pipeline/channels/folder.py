"""Publishes a pack as a folder that appears whole or not at all.

Files are staged beside the target, forced to disk, the manifest last; then one rename makes them visible. A killed
publication leaves only a staging folder, which the next attempt sweeps away. An existing target is never touched.
"""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from pipeline.errors import ChannelError

MANIFEST = "manifest.json"
SIGNATURE = "manifest.json.sig"
STAGING = ".staging-"


def staged(target: Path, files: Mapping[str, bytes], *, run_key: str) -> Path:
    """Write the files to a staging folder beside the target; returns it. An old one of the same run is replaced."""
    folder = target.parent / f"{STAGING}{target.name}-{run_key}"
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    for name in sorted(files, key=lambda each: (each == MANIFEST, each)):
        with (folder / name).open("wb") as handle:
            handle.write(files[name])
            handle.flush()
            os.fsync(handle.fileno())
    sync_folder(folder)
    return folder


def reveal(folder: Path, *, target: Path) -> None:
    """Turn a staged folder into the published one; raises ChannelError if something is published there already."""
    if target.exists():
        raise ChannelError(
            "A pack is published there already and is never overwritten",
            where=str(target.name),
            next_step="run the night again: it makes a correction beside it",
        )
    folder.rename(target)
    sync_folder(target.parent)


def sweep(root: Path) -> int:
    """Remove staging folders that an interrupted publication left anywhere under the root; number removed."""
    left = [path for path in root.rglob(f"{STAGING}*") if path.is_dir()] if root.is_dir() else []
    for path in left:
        shutil.rmtree(path)
    return len(left)


def published_run(target: Path) -> str | None:
    """The run key that the pack at the target was made by, or None when nothing is published there."""
    manifest = target / MANIFEST
    return str(json.loads(manifest.read_bytes())["run_key"]) if manifest.is_file() else None


def put_file(path: Path, content: bytes) -> None:
    """Put a file in the place of an earlier one, whole or not at all."""
    staged_file = path.with_name(f".{path.name}.part")
    staged_file.write_bytes(content)
    staged_file.replace(path)


def sync_folder(folder: Path) -> None:
    """Force the names in a folder to disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
