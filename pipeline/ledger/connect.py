"""Open the ledger, bring it to the newest schema, and hand out transactions that are alike on both databases.

SQLite runs in WAL mode with foreign keys on; a writing transaction takes its lock at the start, so that two
processes wait for each other instead of failing half-way. Nothing here knows what a table means.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event, inspect, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from pipeline.errors import PipelineError
from pipeline.ledger.anchor import AUDIT_HEAD, Head, write_anchor

MIGRATIONS = Path(__file__).resolve().parent / "migrations"
BUSY_MILLISECONDS = 30_000
# Any constant will do, as long as every process that migrates a ledger takes the same one.
MIGRATION_LOCK = 7_126_001


@dataclass(frozen=True)
class Ledger:
    """An open ledger, migrated to head; and the file outside it to which the audit's head is written (anchor.py)."""

    engine: Engine
    anchor: Path | None = None


def open_ledger(url: str, *, anchor: Path | None = None) -> Ledger:
    """The ledger at this SQLAlchemy URL (SQLite or PostgreSQL), made and migrated where needed."""
    # Statement parameters stay out of error messages: a message may end in a log.
    engine = create_engine(url, hide_parameters=True)
    if engine.dialect.name == "sqlite":
        _make_folder(url)
        _tame_sqlite(engine)
    ledger = Ledger(engine=engine, anchor=anchor)
    if _migrate(ledger) and anchor is not None and not anchor.exists():
        _begin_anchor(ledger, anchor)
    return ledger


def ledger_or_none(url: str, *, anchor: Path | None = None) -> Ledger | None:
    """The same, or None where the database does not open: for whoever must tell of just that."""
    from alembic.util import CommandError

    try:
        return open_ledger(url, anchor=anchor)
    except (SQLAlchemyError, CommandError, OSError, sqlite3.Error):
        return None


@contextmanager
def reading(ledger: Ledger) -> Iterator[Connection]:
    """A connection for queries: one consistent view, nothing is kept."""
    with ledger.engine.connect() as connection:
        yield connection


@contextmanager
def writing(ledger: Ledger) -> Iterator[Connection]:
    """A transaction: all of it is kept, or none. What it added to the audit is anchored once it is kept."""
    with ledger.engine.connect() as connection:
        connection = connection.execution_options(writes=True)
        connection.info.pop(AUDIT_HEAD, None)
        with connection.begin():
            yield connection
        head = connection.info.pop(AUDIT_HEAD, None)
    if head is not None and ledger.anchor is not None:
        write_anchor(ledger.anchor, head)


def empty_write_ahead_log(ledger: Ledger) -> bool:
    """Move everything committed into the database and cut SQLite's write-ahead log to nothing, old pages included.

    False when another process is still reading an older state (its last connection to close will do it). True on
    PostgreSQL, where the server keeps its own log.
    """
    if ledger.engine.dialect.name != "sqlite":
        return True
    connection = ledger.engine.raw_connection()
    try:
        # Past SQLAlchemy, which would open a transaction first: inside one SQLite refuses.
        cursor = connection.cursor()
        is_busy = bool(cursor.execute("pragma wal_checkpoint(truncate)").fetchone()[0])
        cursor.close()
    finally:
        connection.close()
    return not is_busy


def upsert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert the rows; where the primary key is there already, put the new values in its place."""
    if not rows:
        return
    statement = _insert(connection, table)
    keys = [column.name for column in table.primary_key]
    others = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=others), rows)


def insert_new(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> int:
    """Insert the rows; where the primary key is there already, leave what is there. Of one row: 1 if it is new."""
    if not rows:
        return 0
    keys = [column.name for column in table.primary_key]
    statement = _insert(connection, table).on_conflict_do_nothing(index_elements=keys)
    if len(rows) == 1:
        return connection.execute(statement, rows[0]).rowcount
    return connection.execute(statement, rows).rowcount


def newest_revision() -> str:
    """The revision this code expects: migrations are files named by their revision, in order."""
    return max(file.stem.split("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("select version_num from alembic_version")).scalar_one_or_none()


def _insert(connection: Connection, table: Table) -> Any:
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    return dialect.insert(table)


def _make_folder(url: str) -> None:
    database = make_url(url).database
    if database and database != ":memory:":
        Path(database).parent.mkdir(parents=True, exist_ok=True)


def _tame_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, entry: ConnectionPoolEntry) -> None:
        # The driver's own transaction handling leaves DDL outside transactions; ours starts them itself.
        connection.isolation_level = None
        for pragma in (
            f"busy_timeout = {BUSY_MILLISECONDS}",
            "journal_mode = wal",
            "foreign_keys = on",
            # A person who is removed must leave the file, not only the index.
            "secure_delete = on",
        ):
            connection.execute(f"pragma {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("begin immediate" if writes else "begin")


def _begin_anchor(ledger: Ledger, anchor: Path) -> None:
    """A ledger from before there were anchors: what it holds now is the first head."""
    newest = text("select sequence, digest from audit_entry order by sequence desc limit 1")
    with reading(ledger) as connection:
        row = connection.execute(newest).one_or_none()
    if row is not None:
        write_anchor(anchor, Head(sequence=row.sequence, digest=row.digest))


def _migrate(ledger: Ledger) -> bool:
    """Bring the ledger to the newest revision; whether anything had to be done."""
    with reading(ledger) as connection:
        if _revision(connection) == newest_revision():
            # The usual case, without the second that importing Alembic takes in every task of a night.
            return False
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    with _foreign_keys_off(ledger) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        if connection.dialect.name == "sqlite" and connection.execute(text("pragma foreign_key_check")).first():
            raise PipelineError("the ledger's rows do not fit together after its migration: nothing was changed")
    return True


@contextmanager
def _foreign_keys_off(ledger: Ledger) -> Iterator[Connection]:
    """A writing connection; on SQLite with foreign keys off, without which a table others refer to cannot be changed.

    The switch does nothing inside a transaction, so it is set on the driver's connection before one starts.
    """
    with ledger.engine.connect().execution_options(writes=True) as connection:
        if connection.dialect.name != "sqlite":
            yield connection
            return
        driver: Any = connection.connection.dbapi_connection
        driver.execute("pragma foreign_keys = off")
        try:
            yield connection
        finally:
            driver.execute("pragma foreign_keys = on")
