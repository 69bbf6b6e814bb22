"""Whom the check for national data opt-outs allows to be used: one small file, replaced whole.

Not a table of the store: a table keeps what it replaced for a while, and who was allowed before and is no longer would
be a stored opt-out. Identified zone only. No error names a person's value.
"""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


@dataclass(frozen=True)
class Allowed:
    """NHS numbers that may be used, when they were asked about, and until when the answer may be relied on."""

    nhs_numbers: frozenset[str]
    checked_at: datetime
    expires_at: datetime


def write_allowed(path: Path, allowed: Allowed) -> None:
    """Put this answer in the place of the last one, all or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    stamps = {name: getattr(allowed, name).astimezone(UTC).isoformat() for name in ("checked_at", "expires_at")}
    table = pa.table({"nhs_number": pa.array(sorted(allowed.nhs_numbers), type=pa.string())})
    beside = path.with_name(f"{path.name}.new")
    with beside.open("wb") as handle:
        pq.write_table(table.replace_schema_metadata(stamps), handle)
        handle.flush()
        os.fsync(handle.fileno())
    beside.replace(path)


def read_allowed(path: Path) -> Allowed | None:
    """The last whole answer, expired or not; None when there is none."""
    if not path.is_file():
        return None
    table = pq.read_table(path)
    stamps = {name.decode(): text.decode() for name, text in (table.schema.metadata or {}).items()}
    return Allowed(
        nhs_numbers=frozenset(table["nhs_number"].to_pylist()),
        checked_at=datetime.fromisoformat(stamps["checked_at"]),
        expires_at=datetime.fromisoformat(stamps["expires_at"]),
    )


def forget_allowed(path: Path) -> None:
    """Remove the answer."""
    path.unlink(missing_ok=True)
