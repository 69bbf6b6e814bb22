"""Publish: turn the register of the run into packs, each of which appears whole or not at all.

A practice's edition is due weekly, on its own day where the policy names one (rules/editions_due.py), or when the run
is a correction of one of the same date. A locality's lists wait for its practices' packs, one night at most. Staged
files are checked again, independently, before they are revealed. Here people are re-identified, for their current
practice alone, and each use is audited.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pipeline.channels import folder
from pipeline.channels.pack_seal import read_manifest
from pipeline.contracts.policy import Policy, PracticeEntry
from pipeline.errors import PacksBlocked, PipelineError
from pipeline.ledger import audit, registers
from pipeline.ledger.registers import Edition, Entry
from pipeline.ledger.runs import Run
from pipeline.rules.editions_due import Weekday, has_waited, is_due
from pipeline.rules.times import index_date
from pipeline.steps.at_hand.context import Context, StepResult
from pipeline.steps.at_hand.leaving import delivery_plan, pack_leaves
from pipeline.steps.at_hand.signing import keep_public_key
from pipeline.steps.opt_out.applied import erase_first
from pipeline.steps.publish.aggregate import counts_for_planners
from pipeline.steps.publish.locality_pack import Locality, has_lists, localities, locality_files
from pipeline.steps.publish.pack_check import check_staged, people_in
from pipeline.steps.publish.pack_night import Night, open_night
from pipeline.steps.publish.practice_pack import practice_files
from pipeline.steps.run.run import policy_of_run
from pipeline.steps.watch.notices import check_not_held
from pipeline.store import layout

WHO = "pipeline"


def publish(context: Context, *, run: Run, codes: Collection[str] | None = None) -> StepResult:
    """Publish every pack that is due; counts say how many were, were not, and were there already.

    With `codes` only the packs of these practices, for a task that can be tried again by itself; a later call without
    them does what is left, and the localities. Raises ChannelError that names every pack that
    could not be published, once all others are.
    """
    # read
    check_not_held(context, run)
    # Who dissents since people were last linked is in no pack, and holds none up.
    erase_first(context, run_key=run.run_key)
    home = context.settings.home
    counts = {"published": 0, "already_there": 0, "not_due": 0, "people_named": 0, "people_not_named": 0, "swept": 0}
    if codes is None:
        keep_public_key(context.settings, context.keys)
        counts["swept"] = folder.sweep(home / "registers") + folder.sweep(home / "localities")
    policy = policy_of_run(context, run)
    # An unreadable plan stops here: what is published without it would never leave.
    delivery_plan(context)
    night = open_night(context, run=run, policy=policy)
    failures: dict[str, str] = {}
    waiting: list[str] = []
    # decide and write, one practice at a time: practices do not wait for each other
    for practice in policy.participating(index_date(run.as_of)):
        if codes is not None and practice.practice_code not in codes:
            continue
        try:
            _publish_due(context, night, practice=practice, counts=counts)
        except Exception as error:  # noqa: BLE001  # whatever is wrong with one practice, the others get theirs
            failures[practice.practice_code] = _said(error)
    try:
        if codes is None:
            waiting = _publish_localities(context, night, policy=policy, counts=counts, failed=set(failures))
    except Exception as error:  # noqa: BLE001  # as above: localities hold up nobody
        failures["localities"] = _said(error)
    night.vault.close()
    if failures:
        raise PacksBlocked(
            f"{len(failures)} of tonight's packs could not be published; the others are",
            where="; ".join(f"{code}: {says}" for code, says in failures.items()) + _waiting_says(waiting),
            next_step="put right what each line says, then run the night again: it publishes only what is missing",
            codes=tuple(failures),
        )
    return StepResult(counts=counts)


def practices_due(context: Context, *, run: Run) -> list[str]:
    """Codes of the practices whose pack this run is to publish and has not yet; raises PublicationHeld like `publish`.

    Sweeps away what a killed process left half-made.
    """
    check_not_held(context, run)
    home = context.settings.home
    keep_public_key(context.settings, context.keys)
    folder.sweep(home / "registers")
    folder.sweep(home / "localities")
    day = index_date(run.as_of)
    slots = {one.practice_code: _own_slot(context, run, one) for one in policy_of_run(context, run).participating(day)}
    return [code for code, slot in slots.items() if slot is not None and _there(context, run, slot) is None]


def _publish_due(context: Context, night: Night, *, practice: PracticeEntry, counts: dict[str, int]) -> None:
    slot = _own_slot(context, night.run, practice)
    if slot is None:
        counts["not_due"] += 1
        return
    there = _there(context, night.run, slot)
    if there is not None:
        counts["already_there"] += 1
        counts["people_named"] += int(there.counts["people"])
        counts["people_not_named"] += int(there.counts.get("not_named", 0))
        return
    _publish_practice(context, night, code=practice.practice_code, slot=slot, counts=counts)


def _said(error: Exception) -> str:
    """Our own errors speak for themselves; a library's message may quote a person's row, so only its kind is told."""
    return str(error) if isinstance(error, PipelineError) else f"a fault inside ({type(error).__name__})"


@dataclass(frozen=True)
class Slot:
    """Where an edition goes, which revision it is, and what it replaces."""

    edition_id: str
    revision: int
    target: Path
    supersedes: str | None


def _slot(context: Context, run: Run, *, plane: str, code: str, day: Weekday | None = None) -> Slot | None:
    """The place of this run's edition, or None when the next edition is not due; `day` is that of its week."""
    home = context.settings.home
    if run.kind == "replay":
        root = layout.replay_pack(home, run.run_key, code)
        if plane == "locality":
            root = home / "localities" / "replays" / run.run_key / code
        return Slot(f"replay.{plane}.{code}.{run.run_key}", 1, root, None)
    same_date = [
        edition
        for edition in registers.list_editions(context.ledger, as_of=run.as_of, plane=plane, code=code)
        if edition.kind == "current"
    ]
    for edition in same_date:
        if edition.run_key == run.run_key:
            return _at(home, run.as_of, plane=plane, code=code, revision=edition.revision)
    if same_date and not run.inputs.get("correction"):
        return None
    last = registers.last_edition(context.ledger, plane=plane, code=code, before=run.as_of)
    if not same_date and not is_due(run.as_of, last=last.as_of if last is not None else None, day=day):
        return None
    revision = len(same_date) + 1
    while folder.published_run(_at(home, run.as_of, plane=plane, code=code, revision=revision).target) not in (
        None,
        run.run_key,
    ):
        revision += 1
    return _at(home, run.as_of, plane=plane, code=code, revision=revision)


def _own_slot(context: Context, run: Run, practice: PracticeEntry) -> Slot | None:
    return _slot(context, run, plane="practice", code=practice.practice_code, day=practice.edition_day)


def _there(context: Context, run: Run, slot: Slot) -> Edition | None:
    """The edition of this run in the slot, where ledger and folder both have it: nothing about it is left to do."""
    if folder.published_run(slot.target) != run.run_key:
        return None
    known = registers.get_edition(context.ledger, slot.edition_id)
    return known if known is not None and known.run_key == run.run_key else None


def _at(home: Path, as_of: date, *, plane: str, code: str, revision: int) -> Slot:
    pack = layout.register_pack if plane == "practice" else layout.locality_pack
    name = f"{plane}.{code}.{as_of}"
    return Slot(
        edition_id=f"{name}.r{revision}",
        revision=revision,
        target=pack(home, as_of, code, revision),
        supersedes=f"{name}.r{revision - 1}" if revision > 1 else None,
    )


def _publish_practice(context: Context, night: Night, *, code: str, slot: Slot, counts: dict[str, int]) -> None:
    made = practice_files(context, night, code=code, revision=slot.revision, supersedes=slot.supersedes)
    is_new = _reveal(context, night, slot=slot, files=made.files, practice_code=code)
    # After a crash the pack on disk may be older than what would be made now: the ledger records what is on disk.
    on_disk = people_in(context, slot.target)
    entries = [entry for entry in made.entries if entry.person_key in on_disk]
    told = _record(context, night.run, slot, plane="practice", code=code, entries=entries)
    counts["published" if is_new else "already_there"] += 1
    counts["people_named"] += len(entries)
    counts["people_not_named"] += told.get("not_named", 0)


def _publish_localities(
    context: Context, night: Night, *, policy: Policy, counts: dict[str, int], failed: Collection[str]
) -> list[str]:
    """Publish what is due; codes of those that wait for the pack of a practice in `failed`."""
    run, every = night.run, localities(night, policy=policy)
    day = policy.localities.edition_day
    slots = {locality.code: _slot(context, run, plane="locality", code=locality.code, day=day) for locality in every}
    # Counts of all areas of an ICB belong together, so an area has them in the nights in which its ICB does.
    due = {locality.code: slots[locality.code] for locality in every if locality.kind == "icb"}
    made = counts_for_planners(
        context,
        night,
        policy=policy,
        due={code for code, slot in due.items() if slot is not None},
    )
    counts["areas_counted"] = len(made.packs)
    waiting = []
    for locality in every:
        slot, pack = slots[locality.code], made.packs.get(locality.code)
        if pack is None and (locality.kind == "icb" or not has_lists(night, policy=policy)):
            continue
        if slot is None:
            counts["not_due"] += 1
            continue
        if has_lists(night, policy=policy) and _waits(context, night, locality, slot=slot, failed=failed):
            waiting.append(locality.code)
            continue
        files = locality_files(
            context, night, locality, revision=slot.revision, supersedes=slot.supersedes, counts=pack,
            why_no_counts=made.why_not if pack is None else None,
        )  # fmt: skip
        is_new = _reveal(context, night, slot=slot, files=files, practice_code=None)
        _record(context, run, slot, plane="locality", code=locality.code, entries=[])
        counts["published" if is_new else "already_there"] += 1
    return waiting


def _waits(context: Context, night: Night, locality: Locality, *, slot: Slot, failed: Collection[str]) -> bool:
    """Whether its list would hold keys of a register that is replaced as soon as a practice's pack is mended.

    A practice that goes on failing must not take the list from its neighbours: from the night after on it stands there
    with the register that it has.
    """
    run, codes = night.run, locality.practice_codes
    if locality.kind == "icb" or not set(codes) & set(failed) or _there(context, run, slot) is not None:
        return False
    last = registers.last_edition(context.ledger, plane="locality", code=locality.code, before=run.as_of)
    if last is not None:
        return not has_waited(run.as_of, last=last.as_of, day=night.policy.localities.edition_day)
    # Before its first: it was due as soon as one of its practices had a register.
    return all(
        registers.last_edition(context.ledger, plane="practice", code=code, before=run.as_of) is None for code in codes
    )


def _waiting_says(waiting: Sequence[str]) -> str:
    return f"; the lists of {', '.join(waiting)} wait for it" if waiting else ""


def _reveal(
    context: Context, night: Night, *, slot: Slot, files: Mapping[str, bytes], practice_code: str | None
) -> bool:
    """Stage, check and reveal; False when the same run published it before a crash."""
    if folder.published_run(slot.target) == night.run.run_key:
        return False
    staged = folder.staged(slot.target, files, run_key=night.run.run_key)
    check_staged(context, night.run, staged=staged, practice_code=practice_code)
    folder.reveal(staged, target=slot.target)
    return True


def _record(
    context: Context,
    run: Run,
    slot: Slot,
    *,
    plane: str,
    code: str,
    entries: list[Entry],
) -> dict[str, int]:
    """Enter the edition as it lies on disk; its counts."""
    _, manifest = read_manifest(slot.target)
    not_named = int((manifest or {}).get("counts", {}).get("not_named", 0))
    counts = {"people": len(entries), "files": sum(1 for _ in slot.target.glob("RISK*"))}
    digest = hashlib.sha256((slot.target / folder.MANIFEST).read_bytes()).hexdigest()
    edition = Edition(
        edition_id=slot.edition_id,
        run_key=run.run_key,
        kind="replay" if run.kind == "replay" else "current",
        plane=plane,
        as_of=run.as_of,
        code=code,
        revision=slot.revision,
        manifest_sha256=digest,
        path=slot.target.relative_to(context.settings.home).as_posix(),
        counts=counts | ({"not_named": not_named} if not_named else {}),
        published_at=context.now(),
    )
    leaves = pack_leaves(context, edition)
    registers.record_edition(context.ledger, edition=edition, entries=entries, leaves=leaves)
    audit.append(
        context.ledger,
        at=context.now(),
        who=WHO,
        action="publish",
        run_key=run.run_key,
        subject=f"{slot.edition_id} manifest {digest}",
        counts=edition.counts,
    )
    return dict(edition.counts)
