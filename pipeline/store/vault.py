"""The identity vault: pseudonym to person, sealed for one practice, in a database of its own.

Each row is encrypted and bound to practice and pseudonym: a row moved to another practice does not open. Only
publication asks, one practice at a time, and writes the audit row itself. No error names a person's value.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Index,
    LargeBinary,
    MetaData,
    String,
    Table,
    create_engine,
    delete,
    event,
    func,
    make_url,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

from pipeline.errors import GateClosed, PipelineError, UserError
from pipeline.store.keys import Keys

CHUNK = 1_000

metadata = MetaData()
identity_table = Table(
    "identity",
    metadata,
    Column("person_key", String(60), primary_key=True),
    Column("practice_code", String(20), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("key_id", String(20), nullable=False),
    Index("ix_identity_practice_code", "practice_code"),
)


@dataclass(frozen=True)
class Identity:
    """Who a pseudonym is, as their current practice knows them."""

    person_key: str
    practice_code: str
    nhs_number: str
    family_name: str
    given_name: str
    birth_date: date


def open_vault(url: str, *, keys: Keys) -> "Vault":
    """The vault at this SQLAlchemy URL (SQLite or PostgreSQL), made where needed."""
    # Batches of upserts are three times as fast this way with psycopg2; other drivers do not know the option.
    is_psycopg2 = make_url(url).get_dialect().driver == "psycopg2"
    batches = {"executemany_mode": "values_plus_batch"} if is_psycopg2 else {}
    engine = create_engine(url, hide_parameters=True, **batches)
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine, url)
    metadata.create_all(engine)
    return Vault(engine=engine, keys=keys)


class Vault:
    """An open vault. A class because it holds a connection pool and a secret for as long as it is open."""

    def __init__(self, *, engine: Engine, keys: Keys) -> None:
        self._engine, self._key_id = engine, keys.vault_id
        self._cipher = AESSIV(keys.vault)

    def put(self, people: Sequence[Identity]) -> None:
        """Enter these people, or put their newest identity in the place of the old one; all or none.

        Raises PipelineError if a person comes twice with different content: the caller decides which holds.
        """
        unique = {person.person_key: person for person in people}
        if any(unique[person.person_key] != person for person in people):
            raise PipelineError("the vault was given two different identities for one pseudonym")
        rows = [self._seal(unique[person_key]) for person_key in sorted(unique)]
        with self._engine.begin() as connection:
            for chunk in _chunks(rows):
                _upsert(connection, chunk)

    def reidentify(self, *, practice_code: str, person_keys: Sequence[str]) -> dict[str, Identity]:
        """Identity by pseudonym for people of this practice; everyone asked for, or nobody.

        Raises GateClosed, with counts only, if a person belongs to another practice or is not held.
        """
        wanted = sorted(set(person_keys))
        found: list[Any] = []
        with self._engine.connect() as connection:
            for chunk in _chunks(wanted):
                found += connection.execute(select(identity_table).where(identity_table.c.person_key.in_(chunk))).all()
        elsewhere = sum(row.practice_code != practice_code for row in found)
        if elsewhere or len(found) < len(wanted):
            raise GateClosed(
                f"Of {len(wanted)} people {elsewhere} belong to another practice "
                f"and {len(wanted) - len(found)} are not in the vault; nobody was re-identified",
                where=f"practice {practice_code}",
                next_step="link the practice's latest patient list, then make its register again",
            )
        return {row.person_key: self._open(row) for row in found}

    def practices(self, person_keys: Sequence[str]) -> dict[str, str]:
        """Current practice by pseudonym, for the people held; opens no identity."""
        found: dict[str, str] = {}
        columns = (identity_table.c.person_key, identity_table.c.practice_code)
        with self._engine.connect() as connection:
            for chunk in _chunks(sorted(set(person_keys))):
                rows = connection.execute(select(*columns).where(identity_table.c.person_key.in_(chunk)))
                found |= {row.person_key: row.practice_code for row in rows}
        return found

    def forget(self, person_keys: Sequence[str]) -> int:
        """Remove these people for good; number of people removed."""
        removed = 0
        with self._engine.begin() as connection:
            for chunk in _chunks(sorted(set(person_keys))):
                removed += connection.execute(
                    delete(identity_table).where(identity_table.c.person_key.in_(chunk))
                ).rowcount
        return removed

    def holds(self) -> int:
        """Number of people in the vault."""
        with self._engine.connect() as connection:
            return int(connection.execute(select(func.count()).select_from(identity_table)).scalar_one())

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def _seal(self, person: Identity) -> dict[str, Any]:
        content = {
            "nhs_number": person.nhs_number,
            "family_name": person.family_name,
            "given_name": person.given_name,
            "birth_date": person.birth_date.isoformat(),
        }
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        bound = _bound(person.practice_code, person.person_key)
        return {
            "person_key": person.person_key,
            "practice_code": person.practice_code,
            "sealed": self._cipher.encrypt(text.encode(), bound),
            "key_id": self._key_id,
        }

    def _open(self, row: Any) -> Identity:
        if row.key_id != self._key_id:
            raise UserError(
                "The vault was sealed with another key",
                where=f"key {row.key_id}, but the home's vault key is {self._key_id}",
                next_step="give the home the key files it was made with",
            )
        try:
            text = self._cipher.decrypt(row.sealed, _bound(row.practice_code, row.person_key))
        except InvalidTag:
            raise PipelineError("a row of the vault was altered or moved: it does not open") from None
        content = json.loads(text)
        content["birth_date"] = date.fromisoformat(content["birth_date"])
        return Identity(person_key=row.person_key, practice_code=row.practice_code, **content)


def _bound(practice_code: str, person_key: str) -> list[bytes]:
    return [f"{practice_code}|{person_key}".encode()]


def _chunks(items: Sequence[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(items), CHUNK):
        yield list(items[start : start + CHUNK])


def _upsert(connection: Connection, rows: list[dict[str, Any]]) -> None:
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(identity_table)
    others = {name: statement.excluded[name] for name in ("practice_code", "sealed", "key_id")}
    connection.execute(statement.on_conflict_do_update(index_elements=["person_key"], set_=others), rows)


def _prepare_sqlite(engine: Engine, url: str) -> None:
    database = Path(make_url(url).database or "")
    database.parent.mkdir(parents=True, exist_ok=True)
    database.parent.chmod(0o700)
    database.touch(mode=0o600, exist_ok=True)

    @event.listens_for(engine, "connect")
    def configure(connection: Any, entry: object) -> None:
        connection.execute("pragma busy_timeout = 30000")
        # A person who is removed must leave the file, not only the index.
        connection.execute("pragma secure_delete = on")
