"""Restore a backup into an empty home, and show that it is what was backed up before anything may use it.

Every file is checked against the manifest before one is written. A mark in the home keeps other commands out until the
end; a restore killed half-way is started again with the same backup and does it all anew.
"""

import json
import shutil
from pathlib import Path
from typing import Any

from pipeline.contracts.settings import Settings
from pipeline.errors import UserError
from pipeline.ledger import audit
from pipeline.ledger.anchor import Head
from pipeline.ledger.connect import open_ledger
from pipeline.ledger.row_counts import row_counts
from pipeline.rules.decision_words import check_words
from pipeline.steps.at_hand.context import RESTORED, RESTORING, Context, StepResult
from pipeline.steps.upkeep.backup import HOME, KEYS, MANIFEST, SCHEMA, digest_of_file, people_in_vault
from pipeline.store.database_copy import copy_database, database_file
from pipeline.store.keys import Keys, read_keys
from pipeline.store.sealed_keys import read_passphrase, unseal_keys

ACTION = RESTORED
_MAY_BE_THERE = (".writer.lock", ".writer.queue", RESTORING)


def restore(settings: Settings, *, source: Path, who: str, passphrase_file: Path | None) -> StepResult:
    """Bring the backup into the home of these settings; raises UserError, and keeps the home closed, if it differs."""
    check_words(who, "restore")
    manifest = _read(source)
    _check_files(source, manifest["files"], where="the backup")
    _check_home(settings, digest=digest_of_file(source / MANIFEST))
    keys = _keys(settings, source, manifest, passphrase_file=passphrase_file)
    for name in manifest["files"]:
        if name.startswith(f"{HOME}/"):
            target = settings.home / name.removeprefix(f"{HOME}/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, target)
    for name, url in (("ledger", settings.ledger_url), ("vault", settings.vault_url)):
        target_file = database_file(url)
        if target_file is not None and (source / f"{name}.db").is_file():
            copy_database(source / f"{name}.db", target_file)
    context = _verified(settings, manifest, keys=keys)
    counts = {"files": len(manifest["files"]), "rows": sum(manifest["rows"].values())}
    audit.append(
        context.ledger,
        at=context.now(),
        who=who,
        action=ACTION,
        run_key=None,
        subject=f"{source.name} of {manifest['at']}, head {manifest['head']['sequence']}",
        counts=counts,
    )
    (settings.home / RESTORING).unlink()
    return StepResult(counts=counts)


def _read(source: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((source / MANIFEST).read_bytes())
        if manifest["schema"] == SCHEMA:
            return manifest
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise UserError("That is no backup of ours", where=source.name, next_step="name the folder that holds backup.json")


def _check_files(folder: Path, files: dict[str, str], *, where: str) -> None:
    wrong = [name for name, digest in files.items() if not _is(folder / name, digest)]
    if wrong:
        raise UserError(
            f"{len(wrong)} of {len(files)} files of {where} are missing or altered",
            where=", ".join(wrong[:5]),
            next_step="take another copy of the backup, or an earlier one",
        )


def _is(path: Path, digest: str) -> bool:
    return path.is_file() and digest_of_file(path) == digest


def _check_home(settings: Settings, *, digest: str) -> None:
    """Empty, or left by a restore of the same backup that was killed."""
    settings.home.mkdir(parents=True, exist_ok=True)
    mark = settings.home / RESTORING
    same = mark.is_file() and mark.read_text(encoding="utf-8") == digest
    there = [path.name for path in settings.home.iterdir() if path.name not in _MAY_BE_THERE]
    # Keys may lie there beforehand; whether they are the right ones is looked at next.
    keys = settings.keys_folder
    if keys.is_relative_to(settings.home) and there == [keys.relative_to(settings.home).parts[0]]:
        there = [path.name for path in (settings.home / there[0]).iterdir() if path != keys]
    if there and not same:
        raise UserError(
            "A backup is restored into an empty home only",
            where=", ".join(sorted(there)[:5]),
            next_step="name an empty folder in RISKSTRAT_HOME; nothing here was touched",
        )
    mark.write_text(digest, encoding="utf-8")


def _keys(settings: Settings, source: Path, manifest: dict[str, Any], *, passphrase_file: Path | None) -> Keys:
    if passphrase_file is not None and manifest["has_keys"]:
        sealed = (source / KEYS).read_bytes()
        keys = unseal_keys(sealed, settings.keys_folder, passphrase=read_passphrase(passphrase_file))
    else:
        keys = read_keys(settings.keys_folder)
    # A backup of before signatures knows of no signing key.
    if {purpose: keys.ids[purpose] for purpose in manifest["key_ids"]} != manifest["key_ids"]:
        raise UserError(
            "The keys are not those of the backup",
            where=f"key ids {' '.join(keys.ids.values())}",
            next_step="put the keys the home had into the folder of RISKSTRAT_KEYS, or give the passphrase file",
        )
    return keys


def _verified(settings: Settings, manifest: dict[str, Any], *, keys: Keys) -> Context:
    """The restored home, when it holds what the manifest says; raises UserError otherwise."""
    names = {name: digest for name, digest in manifest["files"].items() if name.startswith(f"{HOME}/")}
    restored = {name.removeprefix(f"{HOME}/"): digest for name, digest in names.items()}
    _check_files(settings.home, restored, where="the restored home")
    context = Context(
        settings=settings, ledger=open_ledger(settings.ledger_url, anchor=settings.audit_anchor), keys=keys
    )
    wrong = audit.verify(context.ledger, known=[Head(**manifest["head"])])
    if row_counts(context.ledger) != manifest["rows"]:
        wrong.append("the ledger's tables hold other numbers of rows than were backed up")
    if people_in_vault(context) != manifest["people_in_vault"]:
        wrong.append("the vault holds another number of people than was backed up")
    if wrong:
        raise UserError(
            f"What was restored is not what was backed up: {'; '.join(wrong)}",
            where=str(manifest["at"]),
            next_step="restore ledger and vault from the same moment as the home (docs/runbooks/restore.md)",
        )
    return context
