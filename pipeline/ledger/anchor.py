"""The audit's anchor: a file outside the ledger that only grows, a line for each head the chain has had.

A chain cannot show that its newest rows were cut off; the anchor can. It is written after the transaction is kept, so a
process killed in between leaves one head out, and the next one covers it. Kept on a disk that only takes additions it
also holds against whoever owns the ledger.
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

# Under this name a transaction keeps the head it wrote, until it is kept.
AUDIT_HEAD = "audit_head"


@dataclass(frozen=True)
class Head:
    """The newest row of the chain at some moment."""

    sequence: int
    digest: str


def write_anchor(path: Path, head: Head) -> None:
    """Add a line, forced to disk; one write, so that two processes do not mix theirs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(handle, (json.dumps(asdict(head), sort_keys=True) + "\n").encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def read_anchor(path: Path) -> tuple[list[Head], list[int]]:
    """Heads in the order they were written, and the numbers of lines that are none."""
    heads, unreadable = [], []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        try:
            content = json.loads(line)
            heads.append(Head(sequence=int(content["sequence"]), digest=str(content["digest"])))
        except (ValueError, KeyError, TypeError):
            unreadable.append(number)
    return heads, unreadable
