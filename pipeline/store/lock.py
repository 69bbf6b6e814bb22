"""One writer at a time in a home: a lock that the system lets go of when its holder dies, however it dies.

For one machine; on several machines the ledger's database holds a lock beside it (pipeline/ledger/lock.py). Who waits
goes before whoever lets go and asks again: a backfill that asks for every night anew never keeps out a night.
"""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pipeline.errors import UserError

LOCK, QUEUE = ".writer.lock", ".writer.queue"
# How often somebody who waits looks again.
LOOK_SECONDS = 0.2


@contextmanager
def sole_writer(
    home: Path, *, wait_seconds: float = 0, says_that_it_waits: Callable[[], None] | None = None
) -> Iterator[None]:
    """Hold the home's lock for the block; raises UserError when another process still holds it after `wait_seconds`.

    `says_that_it_waits` is called once, when it has to wait at all.
    """
    home.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + wait_seconds
    with (home / LOCK).open("w") as lock:
        with (home / QUEUE).open("w") as queue:
            if not (_taken(queue) and _taken(lock)):
                if wait_seconds and says_that_it_waits is not None:
                    says_that_it_waits()
                _wait_for(queue, until=until, home=home)
                _wait_for(lock, until=until, home=home)
        yield


def refusal(where: str) -> UserError:
    """What somebody is told who may not, or no longer, wait."""
    return UserError(
        "Another command is at work in this home",
        where=where,
        next_step="wait until it has finished, then run this again; `riskstrat status` shows the night",
    )


def _wait_for(handle: IO[str], *, until: float, home: Path) -> None:
    # Looked at again and again, since a lock that is waited for inside the system knows no end.
    while not _taken(handle):
        if time.monotonic() >= until:
            raise refusal(str(home)) from None
        time.sleep(LOOK_SECONDS)


def _taken(handle: IO[str]) -> bool:
    """Whether the lock on this file is ours now; one that is ours already stays so."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
