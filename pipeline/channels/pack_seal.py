"""Whether a pack on disk is whole and what its manifest says: files, sizes, digests. Signatures are the store's.

Looks at bytes alone, follows no path that stands in them, and says what is wrong in words that name no person.
"""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from pipeline.channels.folder import MANIFEST, SIGNATURE

# Lies beside a pack that was taken back: it comes after the manifest, so the manifest cannot know it.
RECALLED = "RECALLED.txt"
_BESIDE = frozenset({MANIFEST, SIGNATURE, RECALLED})
_CORRECTION = re.compile(r"r[0-9]{1,4}")
_KEYS = {"name", "bytes", "sha256"}
_CHUNK = 2**20


def read_manifest(folder: Path) -> tuple[bytes, dict[str, Any] | None]:
    """The manifest's bytes and what they say; None where they are no manifest of a register."""
    content = (folder / MANIFEST).read_bytes() if (folder / MANIFEST).is_file() else b""
    try:
        said = json.loads(content)
    except ValueError:
        return content, None
    return content, said if isinstance(said, dict) and _is_list_of_files(said.get("files")) else None


def file_problems(folder: Path, manifest: dict[str, Any]) -> list[str]:
    """Files missing, too many, or other than the manifest says; empty when all is well."""
    named = {entry["name"]: entry for entry in manifest["files"]}
    there = {path.name: path for path in folder.iterdir() if not _is_aside(path)}
    problems = [f"{name} is missing" for name in sorted(named.keys() - there.keys())]
    problems += [f"{name} is not one of the manifest's files" for name in sorted(there.keys() - named.keys())]
    if len(named) < len(manifest["files"]):
        problems.append("the manifest names a file twice")
    for name in sorted(named.keys() & there.keys()):
        if not _is_as_said(there[name], named[name]):
            problems.append(f"{name} is not what the manifest says")
    return problems


def _is_aside(path: Path) -> bool:
    """What may lie in the folder of an edition and is no file of it: corrections have folders of their own there."""
    return path.name in _BESIDE or (path.is_dir() and _CORRECTION.fullmatch(path.name) is not None)


def _is_as_said(path: Path, entry: dict[str, Any]) -> bool:
    if path.is_symlink() or not path.is_file() or path.stat().st_size != entry["bytes"]:
        return False
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return bool(digest.hexdigest() == entry["sha256"])


def _is_list_of_files(files: object) -> bool:
    return isinstance(files, list) and all(isinstance(one, dict) and _is_entry(one) for one in files)


def _is_entry(entry: dict[str, Any]) -> bool:
    name = entry.get("name")
    # A name with a path in it would lead out of the folder.
    is_plain = isinstance(name, str) and Path(name).name == name and name not in ("", ".", "..")
    return entry.keys() == _KEYS and is_plain and type(entry["bytes"]) is int
