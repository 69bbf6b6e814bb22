"""Compare code lists: what features, segments, scores and lists of people would be with others, before they are taken.

The night is looked at twice in memory, with the lists in use and with those offered. Nothing is written but one audit
row that says which lists were compared: `codelist_release` takes none that were not.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.contracts.codelist import CodeList
from pipeline.contracts.codelist_comparison import ColumnChange, Comparison, ListChange
from pipeline.contracts.codelist_release import digest_of_lists, with_candidate
from pipeline.contracts.feature import load_features
from pipeline.contracts.policy import Policy
from pipeline.engines.query import load_query
from pipeline.errors import PipelineError, UserError
from pipeline.ledger import audit
from pipeline.rules import segments
from pipeline.rules.codelist_changes import row_changes
from pipeline.rules.times import index_date, intake_cut_off
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.relations import View
from pipeline.steps.codelist.scores import fit_of, moved, score_change
from pipeline.steps.features.features import look
from pipeline.steps.opt_out.erasure import OBJECTIONS, current_erasure
from pipeline.steps.run.run import delivery_set, open_gate
from pipeline.store import layout

ACTION = "compare code lists"


@dataclass(frozen=True)
class Seen:
    """A night with one set of lists: cohort and features, each sorted by person_key, and everyone's need segment."""

    cohort: pa.Table
    wide: pa.Table
    segments: tuple[str, ...]


def codelist_compare(context: Context, *, folder: Path, as_of: date, who: str) -> Comparison:
    """What the lists of `folder` would change on the night of `as_of`; raises ContractError if they do not fit."""
    # read
    project = context.settings.project
    present, candidate = present_and_offered(context, folder)
    context = replace(context, other_codelists=present)
    changed = changed_lists(present, candidate)
    policy = open_gate(context, as_of=as_of)
    view = _view(context, policy, as_of=as_of)
    other = replace(context, other_codelists=candidate)
    before, after = _seen(context, view), _seen(other, view)
    if before.cohort["person_key"] != after.cohort["person_key"]:
        raise PipelineError("the lists offered change who is in the cohort, which no code list should")
    # decide
    scores, missing = score_change(context, before=before, after=after, policy=policy, day=view.index_date)
    found = Comparison(
        as_of=as_of,
        present_digest=digest_of_lists(present),
        candidate_digest=digest_of_lists(candidate),
        people=before.cohort.num_rows,
        lists=tuple(list_change(project, present[name], candidate[name]) for name in changed),
        columns_read=columns_read(project, changed),
        columns=column_changes(before, after),
        segments=moved(before.segments, after.segments),
        scores=scores,
        scores_missing=missing,
        dissenting=_dissenting(context, other) if set(OBJECTIONS) & set(changed) else None,
        model_says=fit_of(context, candidate=candidate, changed=changed).says,
    )
    # write
    audit.append(
        context.ledger, at=context.now(), who=who, action=ACTION, run_key=None,
        subject=subject_of(found.candidate_digest, found.present_digest, as_of=as_of),
        counts={"lists": len(changed), "columns": len(found.columns)},
    )  # fmt: skip
    return found


def present_and_offered(context: Context, folder: Path) -> tuple[Mapping[str, CodeList], Mapping[str, CodeList]]:
    """The lists in use, and as they would be with those of the folder; raises UserError if it is none."""
    if not folder.is_dir():
        raise UserError(
            "There is no such folder of code lists",
            where=str(folder),
            next_step="name a folder with the .csv and .yml of each list that is to change",
        )
    return with_candidate(context.settings.project, layout.codelists(context.settings.home), folder.resolve())


def changed_lists(present: Mapping[str, CodeList], candidate: Mapping[str, CodeList]) -> list[str]:
    """Names of lists whose rows differ."""
    return sorted(name for name in candidate if candidate[name].digest != present[name].digest)


def subject_of(candidate: str, present: str, *, as_of: date | None = None) -> str:
    """What the audit says of a comparison; without a date, how every comparison of the two sets begins."""
    return f"lists {candidate} instead of {present}" + (f", night of {as_of}" if as_of else "")


def list_change(project: Path, before: CodeList, after: CodeList) -> ListChange:
    """The rows that differ, and the queries that read the list."""
    return ListChange(
        name=after.name,
        title=after.title,
        version_before=before.version,
        version_after=after.version,
        rows=row_changes(before.rows(), after.rows(), key=after.key),
        read_by=readers(project, after.name),
    )


def readers(project: Path, name: str) -> tuple[str, ...]:
    """Queries that read the list, as folder/name, in order."""
    paths = sorted((project / "sql").glob("*/*.sql"))
    return tuple(f"{p.parent.name}/{p.stem}" for p in paths if f"codelist_{name}" in load_query(p).reads)


def columns_read(project: Path, names: list[str]) -> tuple[str, ...]:
    """Feature columns of every concept whose query reads one of the lists, in order of concept."""
    wanted = {f"codelist_{name}" for name in names}
    return tuple(
        column.name
        for concept in load_features(project)
        if load_query(project / "sql" / "features" / concept.query.name).reads & wanted
        for column in concept.columns
    )


def column_changes(before: Seen, after: Seen) -> tuple[ColumnChange, ...]:
    """Columns of cohort and features whose value differs for somebody; features that repeat the cohort stand once."""
    found: list[ColumnChange] = []
    for old, new in ((before.wide, after.wide), (before.cohort, after.cohort)):
        for name in old.column_names:
            change = _column_change(name, old[name], new[name])
            if change is not None and change.column not in {one.column for one in found}:
                found.append(change)
    return tuple(found)


def _column_change(name: str, old: pa.ChunkedArray, new: pa.ChunkedArray) -> ColumnChange | None:
    old, new = (column.cast(pa.int8()) if pa.types.is_boolean(column.type) else column for column in (old, new))
    appeared = _count(pc.and_(pc.is_null(old), pc.is_valid(new)))
    vanished = _count(pc.and_(pc.is_valid(old), pc.is_null(new)))
    greater, smaller = _count(pc.greater(new, old)), _count(pc.less(new, old))
    people = appeared + vanished + greater + smaller
    return ColumnChange(name, people, appeared, vanished, greater, smaller) if people else None


def _count(mask: pa.ChunkedArray) -> int:
    return int(pc.sum(mask).as_py() or 0)


def _view(context: Context, policy: Policy, *, as_of: date) -> View:
    return View(
        policy=policy,
        delivery_ids=[one.delivery_id for one in delivery_set(context, as_of=as_of, knowledge="then")],
        index_date=index_date(as_of),
        known_before=intake_cut_off(as_of),
        policy_day=index_date(as_of),
    )


def _seen(context: Context, view: View) -> Seen:
    cohort, wide = look(context, view=view)
    looked_at = wide.select([name for name in wide.column_names if name in segments.COLUMNS])
    people = (person for batch in looked_at.to_batches(max_chunksize=10_000) for person in batch.to_pylist())
    return Seen(cohort, wide, tuple(segments.segment(person).title for person in people))


def _dissenting(context: Context, other: Context) -> tuple[int, int]:
    return len(current_erasure(context).person_keys), len(current_erasure(other).person_keys)
