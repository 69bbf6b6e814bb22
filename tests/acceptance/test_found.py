"""Every kind of fault, planted at least twenty times, is found and told; what is not stands on a published list."""

import re
from collections import Counter
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import pytest
from faults import AS_OF, AT_LEAST, FILE_KINDS, HISTORY_KINDS, PLAN, ROW_KINDS, WEEKS
from taken_in import TakenIn

from pipeline.rules.times import intake_cut_off
from pipeline.steps.receive.lateness import owed_deliveries

pytestmark = pytest.mark.acceptance

FOUND_SHARE = 0.99
PAGE = Path("docs/what-is-not-detected.md")
MOST_NOT_FOUND = 3
ALL_KINDS = (*FILE_KINDS, *ROW_KINDS, *HISTORY_KINDS)
# What each fault of a file must be called; any of these.
CALLED = {
    "latin_1": {"FILE-009"},
    "utf_16": {"FILE-009"},
    "delimiter": {"FILE-010", "FILE-019"},
    "truncated": {"FILE-012"},
    "renamed_column": {"FILE-010"},
    "extra_column": {"FILE-010"},
    "half_volume": {"HIST-001"},
    "wrong_month": {"PERIOD-001"},
}


def not_detected() -> set[str]:
    """Kinds the page says are not found: its bullet points begin with the kind."""
    return set(re.findall(r"^- `([a-z_0-9]+)`", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE))


def test_at_least_twenty_of_each_kind_are_planted(taken: TakenIn) -> None:
    files = Counter(str(one["kind"]) for one in taken.truth["files"])
    live = {name for name, one in taken.landed.items() if one.receipt["kind"] == "regular"}
    rows: Counter[str] = Counter()
    for name, kinds in taken.truth["rows"].items():
        if name in live:
            rows.update({kind: len(numbers) for kind, numbers in kinds.items()})
    assert {kind: files[kind] for kind in FILE_KINDS if files[kind] < AT_LEAST} == {}
    assert {kind: rows[kind] for kind in ROW_KINDS if rows[kind] < AT_LEAST} == {}
    assert sum(files.values()) == sum(kind.count for kind in PLAN.files)


@pytest.mark.parametrize("kind", FILE_KINDS)
def test_a_fault_of_the_file_is_found_and_named(kind: str, taken: TakenIn) -> None:
    planted = [str(one["delivery_id"]) for one in taken.truth["files"] if one["kind"] == kind]
    found = [name for name in planted if file_fault_is_told(taken, kind, name)]
    missed = sorted(set(planted) - set(found))
    assert (len(found) >= FOUND_SHARE * len(planted)) != (kind in not_detected()), (kind, len(planted), missed[:5])


def file_fault_is_told(taken: TakenIn, kind: str, name: str) -> bool:
    """Whether the sender, or the operator where nothing came, is told of this fault."""
    if kind == "nothing_sent":
        return name in missing_told(taken)
    told = set(taken.told(name))
    if kind == "bom":
        # Harmless: taken in whole, and mentioned.
        noted = any("byte order mark" in note for note in taken.report(name)["notes"])
        return taken.of(name).state == "accepted" and noted
    if kind == "truncated_at_line_end":
        return taken.of(name).state == "refused" and any(code.endswith("-001") for code in told)
    if kind == "wrong_month" and taken.of(name).state == "duplicate":
        return True  # the very bytes of that other day were received before
    return bool(CALLED[kind] & told)


def missing_told(taken: TakenIn) -> set[str]:
    """Planned deliveries, by id, that were never sent and are said to be late on the night eight days later."""
    told = set()
    for one in taken.truth["files"]:
        if one["kind"] == "nothing_sent":
            end = date.fromisoformat(str(one["period_end"]))
            late = late_on(taken, end + timedelta(days=8))
            if (one["extract"], one["sender"], end) in late:
                told.add(str(one["delivery_id"]))
    return told


@cache
def late_on(taken: TakenIn, night: date) -> frozenset[tuple[str, str, date]]:
    """Extract, sender and end of the period of every delivery that is late on a night."""
    owed = owed_deliveries(taken.context, on=night)
    return frozenset((one.extract, one.sender, one.period_end) for one in owed if one.is_late)


def test_what_has_come_is_never_said_to_be_late(taken: TakenIn) -> None:
    good = [one for one in taken.deliveries.values() if one.state == "accepted" and one.kind == "regular"]
    for week in range(1, WEEKS + 1):
        night = AS_OF + timedelta(days=7 * week)
        come = {(one.extract, one.sender, one.period_end) for one in good if one.received_at < intake_cut_off(night)}
        assert not come & late_on(taken, night), night


def test_nothing_is_late_but_what_never_came_or_was_refused(taken: TakenIn) -> None:
    """A period is owed until something good comes for it: no clean delivery's period may be among the late."""
    clean = {name: taken.of(name) for name in taken.clean()}
    owed = {(one.extract, one.sender, one.period_end) for one in clean.values() if one.state == "accepted"}
    night = AS_OF + timedelta(days=7 * WEEKS)
    assert not {one for one in owed & late_on(taken, night) if one[2] <= night - timedelta(days=7)}


def test_the_page_names_at_most_three_kinds_and_none_that_is_not_planted() -> None:
    assert len(not_detected()) <= MOST_NOT_FOUND
    assert not_detected() <= set(ALL_KINDS)
