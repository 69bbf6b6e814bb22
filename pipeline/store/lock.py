"""One writer at a time in a home: a lock that the system lets go of when its holder dies, however it dies.

For one machine. Homes shared by several machines need the orchestrator to run one night at a time.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import UserError


@contextmanager
def sole_writer(home: Path) -> Iterator[None]:
    """Hold the home's lock for the block; raises UserError at once when another process holds it."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / ".writer.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(
                "Another command is at work in this home",
                where=str(home),
                next_step="wait until it has finished, then run this again; `riskstrat status` shows the night",
            ) from None
        yield
