"""Make, or bring up to date, the databases and logins of compose.yaml's components; running it again does no harm.

Reads who may open what, with which password, from the file named in PGPASSFILE (deploy/make_secrets.py writes it). On
each server `postgres` makes a login and a database per line. The ledger's tables belong to `ledger_owner`, which nobody
signs in as; `ledger` gets what policy/postgresql/ledger.sql grants, so that the audit can be added to and not changed.
"""

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.ledger.connect import open_ledger

OWNER = "postgres"
LEDGER, LEDGER_OWNER = "ledger", "ledger_owner"
GRANTS = Path(__file__).resolve().parents[1] / "policy" / "postgresql" / "ledger.sql"


@dataclass(frozen=True)
class Login:
    """One line of the password file."""

    server: str
    port: str
    database: str
    name: str
    password: str


def logins(text: str) -> list[Login]:
    """The lines of a libpq password file, comments left out; none of our passwords holds a colon."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [Login(*line.split(":", 4)) for line in lines]


def make(server: str, port: str, wanted: Iterable[Login], *, owner: str = OWNER) -> None:
    """Logins and databases on one server, the ledger's tables and grants where it is to hold the ledger."""
    wanted = list(wanted)
    for one in wanted:
        _login(_connection(server, port, "postgres", owner), one.name, one.password)
        belongs_to = LEDGER_OWNER if one.database == LEDGER else one.name
        _login(_connection(server, port, "postgres", owner), belongs_to, None)
        _database(_connection(server, port, "postgres", owner), one.database, belongs_to)
        if one.database == LEDGER:
            _ledger(server, port, one, owner)
        _only_for(_connection(server, port, one.database, owner), one.database, one.name)


def _ledger(server: str, port: str, one: Login, owner: str) -> None:
    # Made by the server's own owner acting as the ledger's, so that no login owns what the audit is kept in.
    url = f"postgresql+psycopg2://{owner}@:{port}/{one.database}?host={server}&options=-crole%3D{LEDGER_OWNER}"
    open_ledger(url).engine.dispose()
    connection = _connection(server, port, one.database, owner)
    _run(connection, GRANTS.read_text())
    _run(connection, f"grant riskstrat_identities to {one.name}")
    connection.close()


def _login(connection: Any, name: str, password: str | None) -> None:
    """The role, with this password now; without one nobody can sign in as it."""
    from psycopg2 import sql

    role = sql.Identifier(name)
    with connection.cursor() as cursor:
        cursor.execute("select 1 from pg_roles where rolname = %s", [name])
        if cursor.fetchone() is None:
            cursor.execute(sql.SQL("create role {} nologin").format(role))
        if password is not None:
            cursor.execute(sql.SQL("alter role {} login password {}").format(role, sql.Literal(password)))
    connection.close()


def _database(connection: Any, name: str, owner: str) -> None:
    from psycopg2 import sql

    with connection.cursor() as cursor:
        cursor.execute("select 1 from pg_database where datname = %s", [name])
        if cursor.fetchone() is None:
            made = sql.SQL("create database {} owner {}")
            cursor.execute(made.format(sql.Identifier(name), sql.Identifier(owner)))
    connection.close()


def _only_for(connection: Any, database: str, login: str) -> None:
    from psycopg2 import sql

    names = {"database": sql.Identifier(database), "login": sql.Identifier(login)}
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("revoke all on database {database} from public").format(**names))
        cursor.execute(sql.SQL("grant connect on database {database} to {login}").format(**names))
    connection.close()


def _run(connection: Any, statements: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statements)


def _connection(server: str, port: str, database: str, owner: str) -> Any:
    import psycopg2

    connection = psycopg2.connect(host=server, port=port, dbname=database, user=owner)
    connection.autocommit = True
    return connection


def main() -> int:
    read = logins(Path(os.environ["PGPASSFILE"]).read_text())
    for server in sorted({one.server for one in read}):
        here = [one for one in read if one.server == server and one.name != OWNER]
        make(server, here[0].port, here)
        print(f"{server}: {', '.join(sorted(one.database for one in here))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
