"""What a change of code lists would change, as numbers and as a page for the person who decides.

Codes and counts only, no person. Small counts are shown as they are: the page is for inside.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from pipeline.rules.codelist_changes import Overlap, RowChanges

CODES_SHOWN = 20


@dataclass(frozen=True)
class ListChange:
    """One list that differs. `read_by`: queries that read it, such as features/falls_and_frailty."""

    name: str
    title: str
    version_before: str
    version_after: str
    rows: RowChanges
    read_by: tuple[str, ...]


@dataclass(frozen=True)
class ColumnChange:
    """People whose value of a column differs: of them, known only now, known no more, a greater or a smaller value."""

    column: str
    people: int
    appeared: int
    vanished: int
    greater: int
    smaller: int


@dataclass(frozen=True)
class Moved:
    """People who would change from one word to another: need segments, risk in words."""

    before: str
    after: str
    people: int


@dataclass(frozen=True)
class ScoreChange:
    """How scores move under one model. `by_points`: (percentage points, people whose risk moves by at least that)."""

    model_id: str
    moved: int
    higher: int
    by_points: tuple[tuple[int, int], ...]
    expected_before: float
    expected_after: float
    words: tuple[Moved, ...]
    area_top: Overlap
    registers: Overlap
    reasons_people: int
    reasons_changed: int


@dataclass(frozen=True)
class Comparison:
    """Everything shown before a list is taken."""

    as_of: date
    present_digest: str
    candidate_digest: str
    people: int
    lists: tuple[ListChange, ...]
    columns_read: tuple[str, ...]
    columns: tuple[ColumnChange, ...]
    segments: tuple[Moved, ...]
    scores: ScoreChange | None
    scores_missing: str
    dissenting: tuple[int, int] | None
    model_says: tuple[str, ...]


def comparison_page(found: Comparison) -> str:
    """The comparison as Markdown, readable as plain text."""
    lines = [
        "# What would change with these code lists",
        "",
        f"Night of {found.as_of}, {found.people:,} people scored. Lists in use {found.present_digest[:16]}, lists "
        f"offered {found.candidate_digest[:16]}. Nothing has been taken.",
        "",
    ]
    if not found.lists:
        return "\n".join([*lines, "The lists offered are the lists in use.", ""])
    lines += ["## Lists", ""]
    for each in found.lists:
        lines += _list_lines(each)
    lines += ["## The model", "", *(f"- {says}" for says in found.model_says), ""]
    lines += _feature_lines(found)
    lines += _score_lines(found)
    if found.dissenting is not None:
        before, after = found.dissenting
        told = f"People who may not be used: {before:,} now, {after:,} with the lists offered."
        lines += ["## Dissent", "", told, ""]
    return "\n".join(lines)


def _list_lines(each: ListChange) -> list[str]:
    lines = [f"### {each.name}: {each.title}", "", f"- version: {each.version_before} -> {each.version_after}"]
    for word, codes in (("added", each.rows.added), ("removed", each.rows.removed), ("changed", each.rows.changed)):
        more = f" and {len(codes) - CODES_SHOWN} more" if len(codes) > CODES_SHOWN else ""
        named = f": {', '.join(codes[:CODES_SHOWN])}{more}" if codes else ""
        lines.append(f"- rows {word}: {len(codes)}{named}")
    return [*lines, f"- read by: {', '.join(each.read_by) or 'no query'}", ""]


def _feature_lines(found: Comparison) -> list[str]:
    lines = ["## Features", ""]
    if found.columns_read:
        lines += [f"Columns of the concepts that read these lists: {', '.join(found.columns_read)}.", ""]
    if not found.columns:
        return [*lines, "Nobody's value of any column changes.", "", *_moved_lines("## Need segments", found.segments)]
    head = ("column", "people whose value changes", "known only now", "known no more", "greater", "smaller")
    rows = [(c.column, c.people, c.appeared, c.vanished, c.greater, c.smaller) for c in found.columns]
    return [*lines, *_table(head, rows), "", *_moved_lines("## Need segments", found.segments)]


def _score_lines(found: Comparison) -> list[str]:
    lines = ["## Scores", ""]
    scores = found.scores
    if scores is None:
        return [*lines, found.scores_missing, ""]
    lines += [
        f"With model {scores.model_id} as it is, not trained anew:",
        "",
        f"- people whose risk moves at all: {scores.moved:,} (higher {scores.higher:,}, "
        f"lower {scores.moved - scores.higher:,})",
        *(f"- by {points} in 100 or more: {people:,}" for points, people in scores.by_points),
        f"- emergency admissions expected among all: {scores.expected_before:.1f} -> {scores.expected_after:.1f}",
        f"- highest 2% of adults over all practices: {_overlap(scores.area_top)}",
        f"- lists of the practices, by rank: {_overlap(scores.registers)}",
        f"- of {scores.reasons_people:,} people on a practice's list before and after, {scores.reasons_changed:,} "
        "with other reasons",
        "",
    ]
    return [*lines, *_moved_lines("## Risk in words", scores.words)]


def _overlap(found: Overlap) -> str:
    share = "nobody" if found.jaccard is None else f"Jaccard {found.jaccard:.3f}"
    return f"{found.before:,} people, {found.after - found.both:,} come, {found.before - found.both:,} go ({share})"


def _moved_lines(title: str, moved: Sequence[Moved]) -> list[str]:
    if not moved:
        return [title, "", "Nobody changes.", ""]
    rows = [(each.before, each.after, each.people) for each in moved]
    return [title, "", *_table(("from", "to", "people"), rows), ""]


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    told = [[f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row] for row in rows]
    widths = [max(len(line[place]) for line in [list(head), *told]) for place in range(len(head))]
    lines = [[cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in [list(head), *told]]
    rule = ["-" * width for width in widths]
    return ["| " + " | ".join(line) + " |" for line in [lines[0], rule, *lines[1:]]]
