"""Alone: whatever writes to a home does so alone, on one machine by the home's lock, on several by the ledger's.

A night, a stage and a backfill wait for each other instead of failing, so that together they give what they give one
after another. Who waits goes first; a backfill lets go after every night.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from pipeline.contracts.settings import Settings
from pipeline.ledger.lock import sole_session
from pipeline.log import say
from pipeline.store.lock import sole_writer

# Longer than any night or training of the regions measured takes (docs/scale.md).
WAIT_SECONDS = 7_200


@contextmanager
def alone(settings: Settings, *, wait_seconds: float = 0) -> Iterator[None]:
    """Hold both locks for the block, the home's first; raises UserError when they are not free in time."""
    until = monotonic() + wait_seconds

    def told() -> None:
        say("another command is at work in this home; waiting for it")

    with (
        sole_writer(settings.home, wait_seconds=wait_seconds, says_that_it_waits=told),
        sole_session(settings.ledger_url, wait_seconds=max(0, until - monotonic()), says_that_it_waits=told),
    ):
        yield
