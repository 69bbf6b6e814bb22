"""Digests of the code and the declarations that decide a result, so that a run can name them.

Covers what a run executes or reads from the project: not tests, not docs.
"""

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

CODE = ("pipeline", "sql", "expectations", "models")
REFERENCE = ("reference", "sql/codelists")
_SUFFIXES = {".py", ".sql", ".yml", ".csv", ".html", ".css", ".js", ".j2", ".jinja"}


@cache
def code_digest(project: Path) -> str:
    """SHA-256 over pipeline/, sql/, expectations/ and models/."""
    return _digest(project, CODE)


@cache
def reference_digest(project: Path) -> str:
    """SHA-256 over reference/ and the code lists."""
    return _digest(project, REFERENCE)


@cache
def feature_sql_digests(project: Path) -> dict[str, str]:
    """SHA-256 of every file that decides a feature: knowledge, cohort, features and code lists, by its place."""
    found = {}
    for folder in ("sql/knowledge", "sql/cohort", "sql/features", "sql/codelists"):
        for path in sorted((project / folder).iterdir()):
            if path.suffix in (".sql", ".csv"):
                found[path.relative_to(project).as_posix()] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def _digest(project: Path, folders: Sequence[str]) -> str:
    hasher = hashlib.sha256()
    for folder in folders:
        for path in sorted((project / folder).rglob("*")):
            if path.suffix in _SUFFIXES and "__pycache__" not in path.parts:
                hasher.update(path.relative_to(project).as_posix().encode() + b"\0")
                hasher.update(hashlib.sha256(path.read_bytes()).digest())
    return hasher.hexdigest()
