"""The identity vault: pseudonym to person, sealed for one practice, in a database of its own.

Each row is encrypted and bound to practice and pseudonym: a row moved to another practice does not open. Only
publication asks, one practice at a time. Every use is told before anything is opened or changed: steps open the vault
through vault_use.py, which enters it in the audit. No error names a person's value.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal

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


@dataclass(frozen=True)
class Use:
    """One use of the vault, in counts: people it is about, and look-ups of practices since the last one told."""

    what: Literal["re-identify", "refuse", "enter", "forget", "re-key", "look up"]
    practice_code: str | None
    people: int
    looked_up: int


Tell = Callable[[Use], None]


def open_vault(url: str, *, keys: Keys, tell: Tell | None = None, also: Keys | None = None) -> "Vault":
    """The vault at this SQLAlchemy URL (SQLite or PostgreSQL), made where needed; `tell` hears of every use.

    It is sealed with `keys`; rows sealed with `also`, while keys are being rotated, open too.
    """
    # Batches of upserts are three times as fast this way with psycopg2; other drivers do not know the option.
    is_psycopg2 = make_url(url).get_dialect().driver == "psycopg2"
    batches = {"executemany_mode": "values_plus_batch"} if is_psycopg2 else {}
    engine = create_engine(url, hide_parameters=True, **batches)
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine, url)
    metadata.create_all(engine)
    return Vault(engine=engine, keys=keys, tell=tell, also=also)


class Vault:
    """An open vault. A class because it holds a connection pool and a secret for as long as it is open."""

    def __init__(self, *, engine: Engine, keys: Keys, tell: Tell | None = None, also: Keys | None = None) -> None:
        self._engine, self._key_id = engine, keys.vault_id
        self._ciphers = {one.vault_id: AESSIV(one.vault) for one in (also, keys) if one is not None}
        self._tell, self._looked_up = tell, 0

    def put(self, people: Sequence[Identity]) -> None:
        """Enter these people, or put their newest identity in the place of the old one; all or none.

        Raises PipelineError if a person comes twice with different content: the caller decides which holds.
        """
        unique = {person.person_key: person for person in people}
        if any(unique[person.person_key] != person for person in people):
            raise PipelineError("the vault was given two different identities for one pseudonym")
        self._told("enter", people=len(unique))
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
            self._told("refuse", practice_code=practice_code, people=len(wanted))
            raise GateClosed(
                f"Of {len(wanted)} people {elsewhere} belong to another practice "
                f"and {len(wanted) - len(found)} are not in the vault; nobody was re-identified",
                where=f"practice {practice_code}",
                next_step="link the practice's latest patient list, then make its register again",
            )
        self._told("re-identify", practice_code=practice_code, people=len(wanted))
        return {row.person_key: self._open(row) for row in found}

    def everyone(self) -> list[Identity]:
        """Everybody held, opened: for a change of keys alone, which needs the number behind every pseudonym."""
        with self._engine.connect() as connection:
            found = connection.execute(select(identity_table).order_by(identity_table.c.person_key)).all()
        self._told("re-identify", people=len(found))
        return [self._open(row) for row in found]

    def rekey(self, new_keys: Mapping[str, str], *, keys: Keys, prefix: str) -> int:
        """Seal everybody whose pseudonym begins so anew, under another one and another vault key; people changed.

        All or none. `new_keys` is new person key by old; who has none is removed. Who stands under the new key already
        is left as they are.
        """
        sealing = Vault(engine=self._engine, keys=keys)
        with self._engine.begin() as connection:
            everyone = connection.execute(select(identity_table).order_by(identity_table.c.person_key)).all()
            held = [row for row in everyone if row.person_key.startswith(prefix)]
            self._told("re-key", people=len(held))
            changing = [self._open(row) for row in held if row.person_key in new_keys]
            for chunk in _chunks([row.person_key for row in held]):
                connection.execute(delete(identity_table).where(identity_table.c.person_key.in_(chunk)))
            renamed = [replace(person, person_key=new_keys[person.person_key]) for person in changing]
            for chunk in _chunks([sealing._seal(person) for person in renamed]):
                _upsert(connection, chunk)
        return len(changing)

    def keys_with(self, *, prefix: str) -> frozenset[str]:
        """Pseudonyms held that begin so; opens no identity."""
        column = identity_table.c.person_key
        with self._engine.connect() as connection:
            return frozenset(
                connection.execute(select(column).where(column.startswith(prefix, autoescape=True))).scalars()
            )

    def practices(self, person_keys: Sequence[str]) -> dict[str, str]:
        """Current practice by pseudonym, for the people held; opens no identity."""
        found: dict[str, str] = {}
        self._looked_up += len(set(person_keys))
        columns = (identity_table.c.person_key, identity_table.c.practice_code)
        with self._engine.connect() as connection:
            for chunk in _chunks(sorted(set(person_keys))):
                rows = connection.execute(select(*columns).where(identity_table.c.person_key.in_(chunk)))
                found |= {row.person_key: row.practice_code for row in rows}
        return found

    def forget(self, person_keys: Sequence[str]) -> int:
        """Remove these people for good; number of people removed."""
        removed = 0
        self._told("forget", people=len(set(person_keys)))
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
        """Let go of the database; look-ups not told with another use are told now."""
        if self._looked_up:
            self._told("look up", people=self._looked_up)
        self._engine.dispose()

    def _told(self, what: Any, *, people: int, practice_code: str | None = None) -> None:
        looked_up, self._looked_up = self._looked_up, 0
        if self._tell is not None and people:
            self._tell(Use(what=what, practice_code=practice_code, people=people, looked_up=looked_up))

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
            "sealed": self._ciphers[self._key_id].encrypt(text.encode(), bound),
            "key_id": self._key_id,
        }

    def _open(self, row: Any) -> Identity:
        if row.key_id not in self._ciphers:
            raise UserError(
                "The vault was sealed with another key",
                where=f"key {row.key_id}, but the home's vault key is {self._key_id}",
                next_step="give the home the key files it was made with",
            )
        try:
            text = self._ciphers[row.key_id].decrypt(row.sealed, _bound(row.practice_code, row.person_key))
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
