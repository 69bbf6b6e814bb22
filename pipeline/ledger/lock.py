"""One writer at a time in a ledger that several machines share: a lock of the database's session.

PostgreSQL lets go of it when the session ends, however it ends, and serves who waits in the order in which they came.
On SQLite, which is of one machine, nothing is done: the home's own lock holds (pipeline/store/lock.py).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from pipeline.errors import PipelineError, UserError

# Any constant will do, as long as every process that writes takes the same one.
WRITER_LOCK = 7_126_003
# A session that only waits for its end must not be cut by what stands between the machines.
_KEEPALIVES = {"keepalives": 1, "keepalives_idle": 60, "keepalives_interval": 10, "keepalives_count": 6}


@contextmanager
def sole_session(
    url: str, *, wait_seconds: float = 0, says_that_it_waits: Callable[[], None] | None = None
) -> Iterator[None]:
    """Hold the ledger's lock for the block; raises UserError when another session still holds it after `wait_seconds`.

    Raises PipelineError at the end of the block when the session, and with it the lock, was lost on the way.
    """
    if make_url(url).get_backend_name() != "postgresql":
        yield
        return
    engine = create_engine(url, hide_parameters=True, poolclass=NullPool, connect_args=_keepalives(url))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not _try(connection):
            if wait_seconds and says_that_it_waits is not None:
                says_that_it_waits()
            _wait(connection, seconds=wait_seconds)
        yield
        try:
            held = connection.execute(text("select pg_advisory_unlock(:lock)"), {"lock": WRITER_LOCK}).scalar()
        except DBAPIError:
            held = False
        if not held:
            raise PipelineError(
                "the session that held the ledger's lock was lost: another process may have written at the same time; "
                "run this again, which redoes what is not whole"
            )


def _try(connection: Connection) -> bool:
    return bool(connection.execute(text("select pg_try_advisory_lock(:lock)"), {"lock": WRITER_LOCK}).scalar())


def _wait(connection: Connection, *, seconds: float) -> None:
    if seconds:
        # Zero would mean for ever.
        connection.execute(text(f"set lock_timeout = {max(1, int(seconds * 1000))}"))
        try:
            connection.execute(text("select pg_advisory_lock(:lock)"), {"lock": WRITER_LOCK})
            return
        except OperationalError as error:
            if getattr(error.orig, "pgcode", None) not in ("55P03", None):
                raise
    raise UserError(
        "Another command is at work with this ledger, on this machine or another",
        where="the ledger's database",
        next_step="wait until it has finished, then run this again; `riskstrat status` shows the night",
    ) from None


def _keepalives(url: str) -> dict[str, int]:
    return _KEEPALIVES if "psycopg" in make_url(url).get_driver_name() else {}
