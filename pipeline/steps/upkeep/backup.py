"""Backup: ledger, vault, keys and the parts of the home that belong to them, as of one moment, in one folder.

Nothing else may write while it runs. The folder appears whole or not at all; its manifest names every file with its
digest, and the head of the audit, whose newest row tells of this very backup. On a server, ledger and vault are dumped
with the server's own tools at the same quiet moment: the audit row is what both must hold (docs/runbooks/restore.md).
"""

import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline.channels.folder import STAGING
from pipeline.errors import UserError
from pipeline.ledger import audit
from pipeline.ledger.row_counts import revision, row_counts
from pipeline.rules.decision_words import check_words
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.vault_use import audited_vault
from pipeline.store.database_copy import copy_database, database_file
from pipeline.store.sealed_keys import read_passphrase, seal_keys

SCHEMA, MANIFEST, KEYS, HOME = "backup/1", "backup.json", "keys.sealed", "home"
ACTION = "backup"
# What senders landed is theirs; databases are copied by their own means; keys lie apart.
NOT_COPIED = ("landing", "vault", ".writer.lock", ".writer.queue", ".restoring")
_CHUNK = 2**20


@dataclass(frozen=True)
class Backup:
    """What a backup holds, as its manifest says it."""

    at: datetime
    head: dict[str, Any]
    databases: dict[str, bool]
    key_ids: dict[str, str]
    has_keys: bool
    revision: str
    rows: dict[str, int]
    people_in_vault: int
    files: dict[str, str]

    def as_json(self) -> str:
        return json.dumps({"schema": SCHEMA, **asdict(self)}, default=str, indent=1, sort_keys=True)


def backup(context: Context, *, to: Path, who: str, passphrase_file: Path | None, without_keys: bool) -> Backup:
    """Write the backup to a folder that is not there yet; raises UserError when it may not be made."""
    check_words(who, "backup")
    to = to.resolve()
    _check(context, to, passphrase_file=passphrase_file, without_keys=without_keys)
    passphrase = None if passphrase_file is None else read_passphrase(passphrase_file)
    staged = to.with_name(f"{STAGING}{to.name}")
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(parents=True, mode=0o700)
    # First of all, so that the copy holds the row that tells of it.
    audit.append(
        context.ledger,
        at=context.now(),
        who=who,
        action=ACTION,
        run_key=None,
        subject=f"{to.name}, keys {'left out' if passphrase is None else 'sealed'}",
        counts=row_counts(context.ledger),
    )
    made = _written(context, staged, passphrase=passphrase)
    (staged / MANIFEST).write_text(made.as_json(), encoding="utf-8")
    os.sync()
    staged.rename(to)
    os.sync()
    return made


def digest_of_file(path: Path) -> str:
    """SHA-256 of the file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check(context: Context, to: Path, *, passphrase_file: Path | None, without_keys: bool) -> None:
    if (passphrase_file is None) != without_keys:
        raise UserError(
            "Say what becomes of the keys",
            where="--passphrase-file, --without-keys",
            next_step="seal them into the backup with a passphrase file, or leave them out and keep a copy elsewhere",
        )
    if to.exists() or to.is_relative_to(context.settings.home):
        raise UserError(
            "A backup goes to a folder that is not there yet, outside the home",
            where=to.name,
            next_step="name another folder, with the date in its name for example",
        )


def _written(context: Context, staged: Path, *, passphrase: bytes | None) -> Backup:
    settings, head = context.settings, audit.head(context.ledger)
    databases = {}
    for name, url in (("ledger", settings.ledger_url), ("vault", settings.vault_url)):
        source = database_file(url)
        databases[name] = source is not None
        if source is not None and source.is_file():
            copy_database(source, staged / f"{name}.db")
    for path in _home_files(context):
        target = staged / HOME / path.relative_to(settings.home)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    if passphrase is not None:
        (staged / KEYS).write_bytes(seal_keys(settings.keys_folder, passphrase=passphrase))
    written = sorted(path for path in staged.rglob("*") if path.is_file())
    return Backup(
        at=context.now(),
        head=asdict(head),
        databases=databases,
        key_ids=context.keys.ids,
        has_keys=passphrase is not None,
        revision=revision(),
        rows=row_counts(context.ledger),
        people_in_vault=people_in_vault(context),
        files={path.relative_to(staged).as_posix(): digest_of_file(path) for path in written},
    )


def people_in_vault(context: Context) -> int:
    """Number of people the vault holds."""
    vault = audited_vault(context, purpose="backup")
    try:
        return vault.holds()
    finally:
        vault.close()


def _home_files(context: Context) -> list[Path]:
    """Everything under the home that belongs to the backup: not the landing area, databases, keys, or litter."""
    home = context.settings.home
    urls = (context.settings.ledger_url, context.settings.vault_url)
    databases = [file.resolve() for file in map(database_file, urls) if file is not None]
    keys = context.settings.keys_folder.resolve()
    kept = []
    for top in sorted(home.iterdir()):
        if top.name not in NOT_COPIED:
            kept += [top] if top.is_file() else sorted(path for path in top.rglob("*") if path.is_file())
    return [
        path
        for path in kept
        if not any(path.resolve() in _with_log(one) for one in databases)
        and not path.resolve().is_relative_to(keys)
        and not any(part.startswith(STAGING) for part in path.parts)
    ]


def _with_log(database: Path) -> tuple[Path, ...]:
    return database, *(database.with_name(database.name + end) for end in ("-wal", "-shm"))
