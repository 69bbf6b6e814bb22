"""Digests of the code and the declarations that decide a result, so that a run can name them.

Covers what a run executes or reads from the project: not tests, not docs.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

CODE = ("pipeline", "sql", "expectations", "models")
REFERENCE = ("reference", "sql/codelists")
CODELISTS = "sql/codelists/"
_READS_LIST = re.compile(r"\bcodelist_([a-z0-9_]+)")
_SUFFIXES = {".py", ".sql", ".yml", ".csv", ".html", ".css", ".js", ".j2", ".jinja"}


@cache
def code_digest(project: Path) -> str:
    """SHA-256 over pipeline/, sql/, expectations/ and models/."""
    return _digest(project, CODE)


@cache
def reference_digest(project: Path) -> str:
    """SHA-256 over reference/ and the code lists."""
    return _digest(project, REFERENCE)


def feature_sql_digests(project: Path, codelists: Mapping[str, str]) -> dict[str, str]:
    """SHA-256 of all that decides a feature, by its place: knowledge, cohort and features, and the lists they read.

    `codelists` gives the digest of each code list in use by name; lists that no feature reads are left out.
    """
    queries, read = _feature_queries(project)
    return {**queries, **{f"{CODELISTS}{name}.csv": codelists[name] for name in sorted(read & codelists.keys())}}


@cache
def _feature_queries(project: Path) -> tuple[dict[str, str], frozenset[str]]:
    """Digests of the queries behind the features, and the names of the code lists their Reads lines name."""
    found, read = {}, set()
    for folder in ("sql/knowledge", "sql/cohort", "sql/features"):
        for path in sorted((project / folder).glob("*.sql")):
            text = path.read_text(encoding="utf-8")
            found[path.relative_to(project).as_posix()] = hashlib.sha256(text.encode()).hexdigest()
            # The engine refuses a query whose Reads line is not exactly what it reads.
            read |= set(_READS_LIST.findall(next(line for line in text.splitlines() if line.startswith("-- Reads:"))))
    return found, frozenset(read)


def _digest(project: Path, folders: Sequence[str]) -> str:
    hasher = hashlib.sha256()
    for folder in folders:
        for path in sorted((project / folder).rglob("*")):
            if path.suffix in _SUFFIXES and "__pycache__" not in path.parts:
                hasher.update(path.relative_to(project).as_posix().encode() + b"\0")
                hasher.update(hashlib.sha256(path.read_bytes()).digest())
    return hasher.hexdigest()
