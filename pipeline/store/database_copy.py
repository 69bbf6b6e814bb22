"""A consistent copy of an SQLite database, whoever is writing to it; and where its file lies, if it has one."""

import sqlite3
from pathlib import Path

from sqlalchemy import make_url


def database_file(url: str) -> Path | None:
    """The file of an SQLite database; None for one on a server."""
    parsed = make_url(url)
    return Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None


def copy_database(source: Path, target: Path) -> None:
    """Copy the database as it is at one moment, with SQLite's own online backup; the target is one whole file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    for path in (target, *(target.with_name(target.name + end) for end in ("-wal", "-shm"))):
        path.unlink(missing_ok=True)
    target.touch(mode=0o600)
    # Not a context manager: that of sqlite3 ends a transaction and leaves the file open.
    read, write = sqlite3.connect(f"file:{source}?mode=ro", uri=True), sqlite3.connect(target)
    try:
        read.backup(write)
        # A copy that is not in write-ahead mode is one file.
        write.execute("pragma journal_mode = delete")
    finally:
        write.close()
        read.close()
