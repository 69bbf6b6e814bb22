"""The only place that asks what time it is. Stamps are UTC and serve the ledger's history, never a result."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present moment, UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0)
