"""Take code lists into use: a release of this home, numbered, never changed, recorded with who and why.

Only lists that were compared with the ones in use are taken, so nobody is surprised by what they change. A release
stands until the next one; going back is a release of the former lists. Nothing is computed anew: the next run is
another run, because its key holds the release.
"""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from pipeline.channels import folder as folders
from pipeline.contracts.codelist import CodeList, load_codelists
from pipeline.contracts.codelist_release import (
    MANIFEST,
    Release,
    ReleasedList,
    digest_of_lists,
    release_in_use,
)
from pipeline.errors import UserError
from pipeline.ledger import audit
from pipeline.rules.decision_words import check_words
from pipeline.steps.at_hand.context import Context
from pipeline.steps.codelist.compare import ACTION as COMPARED
from pipeline.steps.codelist.compare import changed_lists, present_and_offered, subject_of
from pipeline.steps.codelist.scores import fit_of
from pipeline.store import layout

ACTION = "release code lists"


def codelist_release(context: Context, *, folder: Path, who: str, reason: str, keep_model: bool) -> Release:
    """Write the release and its audit row; raises UserError when it, or who and why, may not be taken."""
    check_words(who, reason)
    # read
    present, candidate = present_and_offered(context, folder)
    changed = changed_lists(present, candidate)
    former = release_in_use(layout.codelists(context.settings.home))
    # decide
    accepted = _accepted(context, former, candidate=candidate, changed=changed, keep_model=keep_model)
    if not changed and accepted == (former.accepted_models if former else {}):
        raise UserError("The lists offered are the lists in use", where=str(folder))
    # Lists in use already (only a model is to be kept with them) were compared when they were offered.
    against = digest_of_lists(present) if changed else ""
    compared_on = _compared(context, candidate=digest_of_lists(candidate), present=against)
    lists = _differing(context, candidate)
    release = Release(
        release=(former.release if former else 0) + 1,
        run_key=digest_of_lists(candidate)[:16],
        who=who,
        reason=reason,
        at=context.now().isoformat(),
        compared_on=compared_on,
        lists=lists,
        accepted_models=accepted,
    )
    # write: the audit first, so that no release is ever in use without it
    audit.append(
        context.ledger, at=context.now(), who=who, action=ACTION, run_key=None,
        subject=f"release {release.release:04d} digest {release.digest}: {', '.join(changed) or 'no list'}; "
        f"{'keeps model ' + ', '.join(sorted(accepted)) if accepted else 'no model kept'}; {reason}",
        counts={"lists": len(changed), "models_kept": len(accepted)},
    )  # fmt: skip
    _write(context, release, candidate)
    return release


def _compared(context: Context, *, candidate: str, present: str) -> str:
    """The night on which these lists were last compared, with exactly `present` if given; raises UserError if none."""
    begins = subject_of(candidate, present)
    found = [entry for entry in audit.list_entries(context.ledger, action=COMPARED) if entry.subject.startswith(begins)]
    if not found:
        raise UserError(
            "These lists were not compared with those in use",
            where=f"lists {candidate[:16]}" + (f", in use {present[:16]}" if present else ""),
            next_step="riskstrat codelists compare --with FOLDER --as-of DATE, look at what changes, then release",
        )
    return str(date.fromisoformat(found[-1].subject.rsplit(" ", 1)[-1]))


def _accepted(
    context: Context,
    former: Release | None,
    *,
    candidate: Mapping[str, CodeList],
    changed: list[str],
    keep_model: bool,
) -> dict[str, dict[str, str]]:
    """Models that may score with the lists: those accepted before for the same rows, and now the one to be kept."""
    digests = {f"sql/codelists/{name}.csv": codelist.digest for name, codelist in candidate.items()}
    found = {
        model_id: lists
        for model_id, lists in (former.accepted_models if former else {}).items()
        if all(digests.get(place) == digest for place, digest in lists.items())
    }
    if not keep_model:
        return found
    fit = fit_of(context, candidate=candidate, changed=changed)
    if fit.model_id is None or fit.must_retrain:
        raise UserError(
            "The model cannot be kept with these lists",
            where="; ".join(fit.says),
            next_step="take them without --keep-model, then train and promote another",
        )
    return {**found, fit.model_id: fit.lists} if fit.lists else found


def _differing(context: Context, candidate: Mapping[str, CodeList]) -> dict[str, ReleasedList]:
    """Every list that is not the shipped one: a release holds them all, so that one folder says what is in use."""
    shipped = load_codelists(context.settings.project)
    return {
        name: ReleasedList(version=codelist.version, sha256=codelist.digest, replaces_sha256=shipped[name].digest)
        for name, codelist in sorted(candidate.items())
        if codelist.digest != shipped[name].digest
    }


def _write(context: Context, release: Release, candidate: Mapping[str, CodeList]) -> None:
    files = {
        f"{name}{suffix}": candidate[name].path.with_suffix(suffix).read_bytes()
        for name in release.lists
        for suffix in (".csv", ".yml")
    }
    content = json.dumps(release.model_dump(), sort_keys=True, indent=2, ensure_ascii=False) + "\n"
    target = layout.codelists(context.settings.home) / f"{release.release:04d}"
    staged = folders.staged(target, {**files, MANIFEST: content.encode()}, run_key=release.run_key)
    folders.reveal(staged, target=target)
