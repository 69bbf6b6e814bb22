"""On PostgreSQL, with real logins: scoring works in the ledger and cannot read the vault; publication can use both.

The grants are those that ship (policy/postgresql), run as an operator runs them. Passwords are not tested: the server
from the wheel trusts local logins.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

from pipeline.contracts.settings import PROJECT
from pipeline.errors import GateClosed
from pipeline.ledger import audit, registers, runs, steps
from pipeline.ledger.connect import open_ledger
from pipeline.store.keys import Keys, create_keys
from pipeline.store.vault import Identity, open_vault

AT, NIGHT = datetime(2026, 11, 16, 6, tzinfo=UTC), date(2026, 11, 15)
PERSON = Identity("pk1_1", "F83671", "9990000018", "Zyxwright", "Ottoline", date(1931, 2, 3))
SCORES, PUBLISHES = "test_scores", "test_publishes"
GRANTS = {name: (PROJECT / "policy" / "postgresql" / f"{name}.sql").read_text() for name in ("ledger", "vault")}


@dataclass(frozen=True)
class Server:
    """A ledger and a vault with the shipped grants, a login for scoring, one for publication, and one person."""

    ledger: str
    vault: str
    keys: Keys

    def as_login(self, url: str, login: str) -> str:
        return make_url(url).set(username=login).render_as_string(hide_password=False)


@pytest.fixture
def server(postgresql_database: str, postgresql_url: str, tmp_path: Path) -> Iterator[Server]:
    """The vault lies in a database of its own; `postgresql_url` holds a ledger for the whole session."""
    made = Server(ledger=postgresql_url, vault=postgresql_database, keys=create_keys(tmp_path / "keys"))
    yield from _granted(made)


@pytest.fixture
def one_database(postgresql_database: str, tmp_path: Path) -> Iterator[Server]:
    """Both in one database, which is not recommended, and separate all the same."""
    yield from _granted(Server(postgresql_database, postgresql_database, create_keys(tmp_path / "keys")))


def _granted(server: Server) -> Iterator[Server]:
    open_ledger(server.ledger).engine.dispose()
    vault = open_vault(server.vault, keys=server.keys)
    vault.put([PERSON])
    vault.close()
    for name, url in (("ledger", server.ledger), ("vault", server.vault)):
        for _ in range(2):
            _run(url, GRANTS[name])
    for login, groups in ((SCORES, "riskstrat_scoring"), (PUBLISHES, "riskstrat_scoring, riskstrat_identities")):
        _run(server.ledger, f"drop role if exists {login}; create role {login} login; grant {groups} to {login}")
    yield server
    roles = f"{SCORES}, {PUBLISHES}, riskstrat_scoring, riskstrat_identities"
    for url in {server.ledger, server.vault}:
        _run(url, f"drop owned by {roles}")
    _run(server.ledger, f"drop role {roles}")


def _run(url: str, statements: str) -> None:
    """As psql would: all statements at once, with no parameters, so that a percent sign is one."""
    engine = create_engine(url)
    connection = engine.raw_connection()
    connection.cursor().execute(statements)
    connection.commit()
    connection.close()
    engine.dispose()


def _engine(server: Server, url: str, login: str) -> Engine:
    return create_engine(server.as_login(url, login))


def test_scoring_does_its_work_in_the_ledger(server: Server) -> None:
    ledger = open_ledger(server.as_login(server.ledger, SCORES))
    runs.freeze_run(
        ledger, run_key="roles", kind="nightly", as_of=NIGHT, knowledge="then", model_id=None, inputs={},
        delivery_ids=[], at=AT,
    )  # fmt: skip
    steps.start_step(ledger, scope="roles", step="score", at=AT)
    steps.finish_step(ledger, scope="roles", step="score", at=AT, counts={"people": 3})
    assert registers.list_editions(ledger, code="nobody") == []
    assert audit.list_entries(ledger, run_key="roles")[-1].action == "step"
    assert audit.verify(ledger) == []
    with pytest.raises(DBAPIError, match="permission denied"), ledger.engine.begin() as connection:
        connection.exec_driver_sql("delete from audit_entry")
    ledger.engine.dispose()


def test_scoring_cannot_even_connect_to_the_vault(server: Server) -> None:
    engine = _engine(server, server.vault, SCORES)
    with pytest.raises(DBAPIError, match="permission denied for database"):
        engine.connect()
    engine.dispose()
    with pytest.raises(DBAPIError, match="permission denied"):
        open_vault(server.as_login(server.vault, SCORES), keys=server.keys)


WAYS_IN = (
    "select * from identity",
    "select count(*) from identity",
    "select 1 from identity limit 0",
    "copy identity to stdout",
    "insert into identity values ('a', 'b', 'c', 'd')",
    "update identity set practice_code = 'x'",
    "delete from identity",
    "truncate identity",
    "lock table identity",
    "drop table identity",
    "grant select on identity to test_scores",
    "set role riskstrat_identities",
    "create view seen as select * from identity",
)


def test_scoring_can_do_nothing_with_a_vault_in_its_own_database(one_database: Server) -> None:
    engine = _engine(one_database, one_database.vault, SCORES)
    for statement in WAYS_IN:
        with pytest.raises(DBAPIError, match="permission denied|must be owner|no privileges"), engine.begin() as one:
            one.exec_driver_sql(statement)
    engine.dispose()
    ledger = open_ledger(one_database.as_login(one_database.ledger, SCORES))
    assert audit.head(ledger).sequence == 0
    ledger.engine.dispose()


def test_publication_enters_names_and_forgets_and_still_only_for_the_right_practice(server: Server) -> None:
    vault = open_vault(server.as_login(server.vault, PUBLISHES), keys=server.keys)
    other = Identity("pk1_2", "F83039", "9990000026", "Other", "One", date(1950, 1, 1))
    vault.put([other])
    assert vault.reidentify(practice_code="F83671", person_keys=["pk1_1"]) == {"pk1_1": PERSON}
    with pytest.raises(GateClosed, match="1 belong to another practice"):
        vault.reidentify(practice_code="F83671", person_keys=["pk1_1", "pk1_2"])
    assert vault.forget(["pk1_2"]) == 1
    vault.close()
    engine = _engine(server, server.vault, PUBLISHES)
    with pytest.raises(DBAPIError, match="must be owner"), engine.begin() as connection:
        connection.exec_driver_sql("drop table identity")
    engine.dispose()


def test_without_the_grants_a_login_reaches_the_vault_of_a_careless_server(
    postgresql_database: str, tmp_path: Path
) -> None:
    """What the grants are for: a superuser's table is closed by default, but an open grant is taken back."""
    open_vault(postgresql_database, keys=create_keys(tmp_path / "keys")).close()
    _run(postgresql_database, "drop role if exists test_anybody; create role test_anybody login")
    _run(postgresql_database, "grant select on identity to public")
    server = Server(postgresql_database, postgresql_database, create_keys(tmp_path / "other"))
    engine = _engine(server, postgresql_database, "test_anybody")
    with engine.connect() as connection:
        assert connection.execute(text("select count(*) from identity")).scalar_one() == 0
    engine.dispose()
    _run(postgresql_database, GRANTS["vault"])
    with pytest.raises(DBAPIError, match="permission denied"):
        _engine(server, postgresql_database, "test_anybody").connect()
    _run(postgresql_database, "drop owned by test_anybody, riskstrat_scoring, riskstrat_identities")
    _run(postgresql_database, "drop role test_anybody, riskstrat_scoring, riskstrat_identities")
