"""What a backfill made of a night against what was published on its date: the same bytes, or which rows differ and why.

Reads the packs where they lie, both kinds, one practice at a time. What leaves here for the ledger and the report are
counts and practice codes; which ranks differ lies beside the packs, in the identified zone, and names nobody. Of people
who have opted out only how many they are is told anywhere.
"""

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.channels.folder import put_file
from pipeline.channels.import_list import is_import_list
from pipeline.channels.pack_seal import RECALLED
from pipeline.contracts.extract import load_extracts
from pipeline.ledger import models, registers, runs
from pipeline.ledger.registers import Edition
from pipeline.ledger.runs import Run
from pipeline.rules.backfill_differences import Difference, Listed, changed_inputs, differences
from pipeline.steps.at_hand.context import Context
from pipeline.steps.opt_out.erasure import current_erasure, key_of
from pipeline.steps.run.run import MODEL
from pipeline.store import layout, tables

OPTED_OUT = "opted_out"
# Of the run and the edition, not of the person.
NOT_COMPARED = frozenset({"nhs_number", "listing", "rank", "risk_pct", "run_key", "model_id", "revision"})
COLUMNS = ("practice_code", "rank_published", "rank_made", "what", "columns", "why")
ROWS_AT_ONCE = 500_000


@dataclass(frozen=True)
class _Look:
    """What every practice of the night is compared with."""

    context: Context
    run: Run
    dissenting: frozenset[str]
    # Person keys listed by the run for each practice, whether its pack may still name them or not.
    listed: Mapping[str, frozenset[str]]
    # By key of the run behind a published edition: people of whom other deliveries speak.
    spoken_of: dict[str, frozenset[str]]


def compared(context: Context, run: Run) -> dict[str, Any]:
    """The comparison of the run's packs, which lie apart, with the editions of its date: counts and codes."""
    made = _editions(context, run, plane="practice", is_made=True)
    published = _editions(context, run, plane="practice", is_made=False)
    look = _Look(context, run, current_erasure(context).nhs_numbers, _listed(context, run), {})
    practices: dict[str, dict[str, Any]] = {}
    rows: list[tuple[str, Difference]] = []
    counts: Counter[str] = Counter()
    not_kept: list[str] = []
    for code in sorted(made.keys() & published.keys()):
        one, other = (context.settings.home / edition.path for edition in (published[code], made[code]))
        if not one.is_dir():
            not_kept.append(code)
            continue
        counts["compared"] += 1
        if _digests(one) == _digests(other):
            counts["same_bytes"] += 1
            continue
        before, after = _rows(one), _rows(other)
        found = _differing(look, published[code], before=before, after=after)
        counts["differ" if found else "same_rows"] += 1
        if found:
            practices[code] = _told(found, before=len(before), after=len(after), revision=published[code].revision)
            rows += [(code, difference) for difference in found if difference.why != OPTED_OUT]
    _write_rows(context, run, rows)
    behind = {edition.run_key for edition in published.values()}
    changed = {word for key in behind for word in _changed(context, key, run)}
    return {
        **{name: counts[name] for name in ("compared", "same_bytes", "same_rows", "differ")},
        "packs": len(made),
        "published": len(published),
        "published_runs": sorted(behind),
        "is_that_night": run.run_key in behind or run.kind == "nightly",
        "changed": sorted(changed),
        "not_kept": not_kept,
        "not_made": sorted(published.keys() - made.keys()),
        "practices": practices,
        "localities": _localities(context, run),
        "model_learned_later": _learned_later(context, run),
    }


def _editions(context: Context, run: Run, *, plane: str, is_made: bool) -> dict[str, Edition]:
    """By code: those the run made apart; or those of its date: as first handed out, or with today's knowledge the last.

    An edition that was recalled since was published all the same.
    """
    every = registers.list_editions(context.ledger, as_of=run.as_of, plane=plane)
    if is_made:
        return {one.code: one for one in every if one.kind == "replay" and one.run_key == run.run_key}
    current = [one for one in every if one.kind == "current"]
    return {one.code: one for one in (current if run.knowledge == "now" else reversed(current))}


def _listed(context: Context, run: Run) -> dict[str, frozenset[str]]:
    path = layout.table(context.settings.home, "register")
    rows = tables.read(path, column="run_key", values=[run.run_key], columns=["practice_code", "person_key"])
    found: dict[str, set[str]] = {}
    for code, key in zip(rows["practice_code"].to_pylist(), rows["person_key"].to_pylist(), strict=True):
        found.setdefault(code, set()).add(key)
    return {code: frozenset(keys) for code, keys in found.items()}


def _differing(
    look: _Look, published: Edition, *, before: Mapping[str, Listed], after: Mapping[str, Listed]
) -> list[Difference]:
    context, run = look.context, look.run
    if published.run_key not in look.spoken_of:
        look.spoken_of[published.run_key] = _spoken_of(context, published.run_key, run)
    keys = {number: key_of(context, number) for number in {*before, *after}}
    known: dict[str, str] = {}
    for number, key in keys.items():
        if number in look.dissenting:
            known[number] = OPTED_OUT
        elif number not in after and key in look.listed.get(published.code, frozenset()):
            known[number] = "left_practice"
        elif key in look.spoken_of[published.run_key]:
            known[number] = "deliveries"
    return differences(before, after, known=known, changed=_changed(context, published.run_key, run))


def _changed(context: Context, published_run: str, run: Run) -> tuple[str, ...]:
    """What the run behind the published edition was made of otherwise."""
    known = runs.get_run(context.ledger, published_run)
    return changed_inputs(known.inputs, run.inputs) if known is not None else ()


def _spoken_of(context: Context, published_run: str, run: Run) -> frozenset[str]:
    """Keys of everyone of whom a delivery speaks that only one of the two runs had."""
    had, has = (set(runs.run_deliveries(context.ledger, key)) for key in (published_run, run.run_key))
    other = sorted(had ^ has)
    found: set[str] = set()
    for name, contract in load_extracts(context.settings.project).items():
        ids = [one for one in other if one.split(".")[0] == name]
        if contract.person is None or not ids:
            continue
        path = layout.linked(context.settings.home, name)
        for rows in tables.some_columns(
            path, column="delivery_id", values=ids, columns=["person_key"], rows=ROWS_AT_ONCE
        ):
            found.update(key for key in rows["person_key"].unique().to_pylist() if key)
    return frozenset(found)


def _told(found: list[Difference], *, before: int, after: int, revision: int) -> dict[str, Any]:
    whats, whys = Counter(one.what for one in found), Counter(one.why for one in found)
    return {
        "revision": revision,
        "rows_published": before,
        "rows_made": after,
        **{what: whats[what] for what in ("went", "came", "risk", "place", "words")},
        "why": dict(sorted(whys.items())),
    }


def _localities(context: Context, run: Run) -> dict[str, int]:
    made = _editions(context, run, plane="locality", is_made=True)
    published = _editions(context, run, plane="locality", is_made=False)
    home = context.settings.home
    both = [code for code in made.keys() & published.keys() if (home / published[code].path).is_dir()]
    same = sum(_digests(home / made[code].path) == _digests(home / published[code].path) for code in both)
    return {"made": len(made), "compared": len(both), "same_bytes": same}


def _learned_later(context: Context, run: Run) -> bool:
    """Whether the model has seen what followed the night, so that nothing about its foresight is shown by this list."""
    model = models.find_model(context.ledger, name=MODEL, model_id=str(run.model_id))
    return model is not None and model.trained_as_of > run.as_of


def _digests(pack: Path) -> dict[str, str]:
    """SHA-256 by name of every file of a pack; a notice of recall put beside it since, or a later revision, is none."""
    files = [path for path in sorted(pack.iterdir()) if path.is_file() and path.name != RECALLED]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _rows(pack: Path) -> dict[str, Listed]:
    """Rows of a practice's CSV by NHS number; never leaves this module."""
    found = {}
    for path in sorted(pack.glob("*.csv")):
        if is_import_list(path.name):
            continue
        for row in csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"))):
            words = {name: value for name, value in row.items() if name not in NOT_COMPARED}
            found[row["nhs_number"]] = Listed(row["listing"], int(row["rank"]), row["risk_pct"], words)
    return found


def _write_rows(context: Context, run: Run, rows: Collection[tuple[str, Difference]]) -> None:
    """Which ranks of which practice differ, and in which columns: beside the packs, and without a name, number or key.

    Whoever holds the packs can tell who it is, so it lies where they lie.
    """
    path = layout.replay_differences(context.settings.home, run.run_key)
    if not rows:
        path.unlink(missing_ok=True)
        return
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for code, one in rows:
        ranks = ["" if rank is None else rank for rank in (one.rank_published, one.rank_made)]
        writer.writerow([code, *ranks, one.what, " ".join(one.columns), one.why])
    path.parent.mkdir(parents=True, exist_ok=True)
    put_file(path, text.getvalue().encode())
