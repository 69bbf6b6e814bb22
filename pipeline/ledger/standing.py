"""How a database stands, seen from outside: whether it answers, and at which revision. Nothing is made or migrated."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine, inspect, make_url, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from pipeline.ledger.connect import newest_revision

SECONDS_TO_ANSWER = 5


@dataclass(frozen=True)
class Standing:
    """`is_reached`, and if not `fault` (a kind of error, never its words); of a ledger the revision it is at."""

    where: str
    is_reached: bool
    fault: str
    revision: str | None
    newest: str


def standing(url: str) -> Standing:
    """Look at the database of this URL; a file of SQLite that is not there is not made."""
    parsed = make_url(url)
    where = f"{parsed.get_backend_name()} {Path(parsed.database or '').name}" + (
        f" on {parsed.host}" if parsed.host else ""
    )
    is_file = parsed.get_backend_name() == "sqlite"
    if is_file and not Path(parsed.database or "").is_file():
        return Standing(where, False, "no such file", None, newest_revision())
    engine = create_engine(
        f"sqlite:///file:{Path(parsed.database or '').resolve()}?mode=ro&uri=true" if is_file else url,
        hide_parameters=True,
        poolclass=NullPool,
        connect_args={} if is_file else {"connect_timeout": SECONDS_TO_ANSWER},
    )
    try:
        with engine.connect() as connection:
            connection.execute(text("select 1"))
            held = inspect(connection).has_table("alembic_version")
            found = text("select version_num from alembic_version")
            revision = connection.execute(found).scalar_one_or_none() if held else None
    except SQLAlchemyError as error:
        return Standing(where, False, type(error).__name__, None, newest_revision())
    finally:
        engine.dispose()
    return Standing(where, True, "", revision, newest_revision())
