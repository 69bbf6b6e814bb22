"""Rotate keys: new ones for pseudonyms, for practices' own keys and for the vault, and everything under them.

Everything is looked at first. Then new keys are drawn beside the old ones, and a mark in the home says that the
rotation has begun: before the mark nothing has happened, after it no other command runs in the home until all of it is
done, and a rotation that was killed goes on where it stopped. At the end it is proved that no old pseudonym is left,
and only then the old keys go. Which pseudonym became which is never written anywhere: it is worked out from both keys
and the NHS numbers of the identified zone, in memory, and cannot be once the old key is gone (docs/decisions/0013).
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.channels.folder import STAGING, sync_folder
from pipeline.contracts.retention import load_retention
from pipeline.contracts.settings import Settings
from pipeline.errors import PipelineError, UserError
from pipeline.ledger import audit, registers, runs
from pipeline.ledger.connect import open_ledger
from pipeline.ledger.deliveries import list_deliveries
from pipeline.ledger.rekey import person_keys_with, rekey_ledger
from pipeline.rules.decision_words import check_words
from pipeline.rules.nhs_number import is_valid
from pipeline.rules.pseudonym import person_key
from pipeline.steps.at_hand.context import ROTATING, Context, StepResult, open_context
from pipeline.steps.at_hand.signing import keep_public_key
from pipeline.steps.at_hand.vault_use import audited_vault
from pipeline.steps.opt_out.erasure import stated_erasure
from pipeline.steps.opt_out.national_opt_out import people_held
from pipeline.steps.upkeep.retention_needs import is_open
from pipeline.store import layout, tables
from pipeline.store.keys import ROTATED, Keys, draw_next, put_next_in_place, read_keys, read_next
from pipeline.store.rekey import files_with, keys_with, person_tables, rekey_table

BEGUN, ROTATED_ACTION = "rotate_keys", "keys_rotated"
PURPOSE = "key rotation"


@dataclass(frozen=True)
class Rotation:
    """What the mark in the home says: who, why, and which keys become which."""

    who: str
    reason: str
    was: Mapping[str, str]
    becomes: Mapping[str, str]

    @property
    def prefix(self) -> str:
        """How every pseudonym under the old key begins."""
        return _prefix(self.was["person"])

    @property
    def subject(self) -> str:
        return " ".join(f"{purpose}={key_id}" for purpose, key_id in self.becomes.items())


def rotate_keys(settings: Settings, *, who: str, reason: str, forget_unknown: bool = False) -> StepResult:
    """Bring the home under new keys, or finish what was begun; counts of rows and people.

    Raises UserError, with nothing changed, when a night that has published some of its packs is not finished, when
    pseudonyms lie where none belong, or when some are of nobody whose NHS number is held (unless they may go).
    """
    begun = read_mark(settings.home)
    if begun is None:
        check_words(who, reason)
        begun = _begin(open_context(settings), who=who, reason=reason, forget_unknown=forget_unknown)
    was, becomes = read_keys(settings.keys_folder), read_next(settings.keys_folder)
    if becomes.ids != begun.becomes:
        raise UserError(
            "The keys that wait to be put in place are not those the rotation was begun with",
            where=f"the folder of keys, {ROTATING} in the home",
            next_step="put both back as they were; see docs/runbooks/keys-rotate.md",
        )
    context = Context(
        settings=settings, ledger=open_ledger(settings.ledger_url, anchor=settings.audit_anchor), keys=was
    )
    counts: dict[str, int] = {}
    if was.person_id == begun.was["person"]:
        counts = _rekey(context, begun, keys=becomes)
        _prove(context, begun, keys=becomes)
    # Both for good: the old key's packs stay where they are, and the new one's are checked from today.
    for keys in (was, becomes):
        keep_public_key(settings, keys)
    put_next_in_place(settings.keys_folder)
    done = audit.newest_of(context.ledger, actions=[ROTATED_ACTION])
    if done is None or done.subject != begun.subject:
        _tell(context, ROTATED_ACTION, begun, subject=begun.subject, counts=counts)
    (settings.home / ROTATING).unlink()
    sync_folder(settings.home)
    return StepResult(counts=counts)


def read_mark(home: Path) -> Rotation | None:
    """The rotation that was begun in this home and has not come to its end, or None."""
    path = home / ROTATING
    return Rotation(**json.loads(path.read_bytes())) if path.is_file() else None


def _begin(context: Context, *, who: str, reason: str, forget_unknown: bool) -> Rotation:
    """Look at everything, draw the keys and set the mark: from here on the rotation has begun."""
    settings, was = context.settings, context.keys
    _check_nights(context)
    prefix = _prefix(was.person_id)
    _check_strays(settings.home, prefix=prefix)
    unknown = _pseudonyms(context, prefix=prefix, keys=was) - _new_keys(context, keys=was).keys()
    if unknown and not forget_unknown:
        raise UserError(
            f"{len(unknown)} people stand in the store or on editions whose NHS number is held nowhere any more",
            where="identified/clean, vault",
            next_step="they cannot be given another pseudonym: riskstrat purge, or let their rows go with "
            "--forget-unknown",
        )
    draw_next(settings.keys_folder)
    rotation = Rotation(who, reason, was.ids, read_next(settings.keys_folder).ids)
    mark = settings.home / ROTATING
    beside = mark.with_name(f"{ROTATING}.new")
    with beside.open("w", encoding="utf-8") as file:
        file.write(json.dumps(vars(rotation), sort_keys=True))
        file.flush()
        os.fsync(file.fileno())
    beside.replace(mark)
    sync_folder(settings.home)
    return rotation


def _check_nights(context: Context) -> None:
    every = runs.list_runs(context.ledger)
    published = {edition.run_key for edition in registers.list_editions(context.ledger)}
    half = [run for run in every if run.run_key in published and is_open(run, every)]
    if half:
        raise UserError(
            "A night has published some of its packs and is not finished",
            where=", ".join(f"night of {run.as_of}, run {run.run_key}" for run in half),
            next_step="finish it first: start the night again, then rotate",
        )


def _check_strays(home: Path, *, prefix: str) -> None:
    """Raises UserError for pseudonyms outside tables and databases: what is not known of cannot be brought along."""
    strays = files_with(home, prefix, leave_out=_is_elsewhere)
    if strays:
        raise UserError(
            f"Pseudonyms stand in {len(strays)} files that are no tables of the store",
            where=", ".join(strays[:5]),
            next_step="move them out of the home, or delete them, then rotate",
        )


def _is_elsewhere(place: Path) -> bool:
    """Databases, looked at by their own means; what senders landed; sealed originals; what was never revealed."""
    is_database = place.suffix == ".db" or place.name.endswith((".db-wal", ".db-shm"))
    is_theirs = place.parts[0] == "landing" or place.parts[:2] == ("identified", "original")
    return is_database or is_theirs or any(part.startswith(STAGING) for part in place.parts)


def _rekey(context: Context, rotation: Rotation, *, keys: Keys) -> dict[str, int]:
    """Everything under the new keys; each part all or nothing, and once more does no harm."""
    prefix, home = rotation.prefix, context.settings.home
    kept = load_retention(context.settings.project, home).key_map
    if audit.newest_of(context.ledger, actions=[BEGUN]) is None or not _is_told(context, rotation):
        subject = f"{rotation.subject} map_kept={kept}: {rotation.reason}"
        _tell(context, BEGUN, rotation, subject=subject, counts={"keys": len(ROTATED)})
    new_keys = _new_keys(context, keys=keys)
    counts = {"people": len(new_keys), "tables": 0, "rows": 0, "rows_dropped": 0}
    for path, columns in person_tables(home).items():
        changed, dropped = rekey_table(path, columns, new_keys, prefix=prefix)
        counts["tables"] += 1
        counts["rows"] += changed
        counts["rows_dropped"] += dropped
    vault = audited_vault(context, purpose=PURPOSE, who=rotation.who, also=keys)
    counts["people_in_vault"] = vault.rekey(new_keys, keys=keys, prefix=prefix)
    vault.close()
    counts["entries"], counts["entries_dropped"] = rekey_ledger(
        context.ledger,
        new_keys,
        prefix=prefix,
        linked_by=(rotation.was["person"], rotation.becomes["person"]),
        at=context.now(),
        who=rotation.who,
        subject=rotation.subject,
    )
    return counts


def _is_told(context: Context, rotation: Rotation) -> bool:
    last = audit.newest_of(context.ledger, actions=[BEGUN])
    return last is not None and last.subject.startswith(rotation.subject)


def _prove(context: Context, rotation: Rotation, *, keys: Keys) -> None:
    """Raises PipelineError, and the home stays closed, if any pseudonym under the old key is left anywhere."""
    home, prefix = context.settings.home, rotation.prefix
    left = len(_pseudonyms(context, prefix=prefix, keys=keys))
    places = [path.name for path in person_tables(home) if tables.superseded(path)]
    places += files_with(home, prefix, leave_out=_is_elsewhere)
    if left or places:
        raise PipelineError(
            f"{left} pseudonyms under the old key are left, and {len(places)} places may hold some: "
            f"{', '.join(places[:5])}"
        )


def _pseudonyms(context: Context, *, prefix: str, keys: Keys) -> frozenset[str]:
    """Every pseudonym that begins so in the store, the vault and the ledger."""
    found = person_keys_with(context.ledger, prefix=prefix)
    for path, columns in person_tables(context.settings.home).items():
        found |= keys_with(path, columns, prefix=prefix)
    vault = audited_vault(context, purpose=PURPOSE, also=keys)
    found |= vault.keys_with(prefix=prefix)
    vault.close()
    return found


def _new_keys(context: Context, *, keys: Keys) -> dict[str, str]:
    """Pseudonym under the keys given by pseudonym under the old one, of everybody whose NHS number is held."""
    old = context.keys
    return {
        person_key(number, key=old.person, key_id=old.person_id): person_key(
            number, key=keys.person, key_id=keys.person_id
        )
        for number in _numbers(context, keys=keys)
    }


def _numbers(context: Context, *, keys: Keys) -> Iterator[str]:
    found = set(people_held(context)) | stated_erasure(context).nhs_numbers | _replaced(context)
    vault = audited_vault(context, purpose=PURPOSE, also=keys)
    held = vault.everyone()
    vault.close()
    found |= {person.nhs_number for person in held if is_valid(person.nhs_number)}
    yield from sorted(found)


def _replaced(context: Context) -> frozenset[str]:
    """Numbers known from lists of superseded ones alone."""
    ids = [one.delivery_id for one in list_deliveries(context.ledger, extract="nhs_number_change")]
    path, columns = layout.clean(context.settings.home, "nhs_number_change"), ("superseded", "current")
    if not tables.files(path, column="delivery_id", values=ids):
        return frozenset()
    names = [f"{which}_nhs_number" for which in columns]
    rows = tables.read(path, column="delivery_id", values=ids, columns=names)
    return frozenset(number for name in names for number in rows[name].to_pylist() if number and is_valid(number))


def _prefix(key_id: str) -> str:
    return f"p{key_id}_"


def _tell(context: Context, action: str, rotation: Rotation, *, subject: str, counts: dict[str, int]) -> None:
    audit.append(
        context.ledger, at=context.now(), who=rotation.who, action=action, run_key=None, subject=subject, counts=counts
    )  # fmt: skip
