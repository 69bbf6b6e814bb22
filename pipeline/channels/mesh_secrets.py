"""Secrets of a mailbox: each in a file of its own, read when a connection is made, kept nowhere else.

The password's file is also what a process holds while it uses the mailbox: one at a time on this machine, from
whichever home, as the service asks.
"""

import fcntl
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import ChannelError, SettingsError


def read_secret(path: Path, *, of: str = "A secret of the mailbox") -> str:
    """What the file holds, without the line end; raises SettingsError naming the file, never what is in it."""
    problem = problem_of(path)
    secret = "" if problem else path.read_text(encoding="utf-8", errors="replace").strip()
    if problem or not secret or "\n" in secret:
        raise SettingsError(
            f"{of} {problem or 'is empty or more than one line'}",
            where=path.name,
            next_step="put it right as docs/mesh.md says; nothing was sent",
        )
    return secret


@contextmanager
def sole_user(path: Path, *, mailbox: str) -> Iterator[None]:
    """Hold the mailbox on this machine; raises ChannelError at once when another process holds it."""
    problem = problem_of(path)
    if problem:
        raise SettingsError(f"A secret of the mailbox {problem}", where=path.name, next_step="see docs/mesh.md")
    with path.open("rb") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ChannelError(
                "The mailbox is in use by another process",
                where=f"mailbox {mailbox}",
                next_step="wait until it has finished, then run this again",
            ) from None
        yield


def problem_of(path: Path) -> str | None:
    """What is wrong with a file that is to hold a secret, in words that follow its name; None when nothing is."""
    if not path.is_file():
        return "is not there"
    if path.stat().st_mode & (stat.S_IRWXO | stat.S_IWGRP):
        return "can be read or written by others than its owner and group"
    return None
