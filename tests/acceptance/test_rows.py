"""Every kind of dirty row, planted at least twenty times, is set apart, counted or replaced, and told by number."""

from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

import pyarrow.compute as pc
import pytest
from faults import AT_LEAST, ROW_KINDS
from taken_in import TakenIn
from test_found import FOUND_SHARE, not_detected

from pipeline.contracts.extract import load_extracts
from pipeline.contracts.settings import PROJECT
from pipeline.store import layout, tables

pytestmark = pytest.mark.acceptance

CONTRACTS = load_extracts(PROJECT)
AFTER_DEATH, SUPERSEDED, TWO_NUMBERS = "LINK-003", "LINK-004", "LINK-005"


@pytest.mark.parametrize("kind", ROW_KINDS)
def test_dirty_rows_are_found_and_told(kind: str, taken: TakenIn) -> None:
    planted, found = 0, 0
    for name, numbers, becomes, rule in plants(taken, kind):
        planted += len(numbers)
        found += len(found_of(taken, name, numbers, becomes=becomes, rule=rule))
    assert planted >= AT_LEAST, kind
    assert (found >= FOUND_SHARE * planted) != (kind in not_detected()), (kind, planted, found)


def plants(taken: TakenIn, kind: str) -> Iterator[tuple[str, list[int], str, str]]:
    """(delivery, row numbers, what should become of them, rule) of each live delivery with rows of a kind."""
    for name, kinds in taken.truth["rows"].items():
        one = taken.landed[name]
        if kind in kinds and one.receipt["kind"] == "regular" and name not in taken.faulty:
            what = taken.truth["expected"][one.receipt["extract"]][kind]
            yield name, kinds[kind], what["becomes"], what["rule"]


def found_of(taken: TakenIn, name: str, numbers: list[int], *, becomes: str, rule: str) -> set[int]:
    """Those of the planted rows that the sender is told of, or that replace an older version as they should."""
    delivery = taken.of(name)
    if delivery.state != "accepted":
        return set()
    if becomes == "repeat":
        return set(numbers[: delivery.rows_duplicate])
    if becomes == "newer_version":
        return set(numbers) & replacing(taken, name)
    if becomes == "after_linkage":
        return set(numbers) & taken.after_linkage(name).get(AFTER_DEATH, set())
    told = {number for one in taken.report(name)["rules"] if one["rule"] == rule for number in one["row_numbers"]}
    if becomes == "set_apart":
        return set(numbers) & told & set(taken.rows_in(layout.quarantine, name))
    if becomes == "nobody":
        return set(numbers) & told & set(taken.rows_in(layout.unlinked, name))
    return set(numbers) & told & set(taken.rows_in(layout.clean, name))


def replacing(taken: TakenIn, name: str) -> set[int]:
    """Rows of a delivery that are kept and whose key another accepted delivery of the history has too."""
    extract = taken.of(name).extract
    keys = keys_of(taken, extract)
    return {number for number, key in keys[name].items() if any(key in keys[load] for load in loads(taken, extract))}


def loads(taken: TakenIn, extract: str) -> list[str]:
    """The bulk loads of an extract."""
    return [name for name, one in taken.deliveries.items() if one.extract == extract and one.kind == "bulk"]


@cache
def keys_of(taken: TakenIn, extract: str) -> dict[str, Any]:
    """Keys of the kept rows: by row number for live deliveries, as a set for bulk loads."""
    contract = CONTRACTS[extract]
    rows = tables.read(layout.clean(taken.home, extract))
    text = pc.binary_join_element_wise(*(pc.cast(rows[name], "string") for name in contract.key), "|").to_pylist()
    bulk: dict[str, Any] = {name: set() for name in loads(taken, extract)}
    live: dict[str, Any] = {name: {} for name, one in taken.deliveries.items() if one.extract == extract}
    places = zip(rows["delivery_id"].to_pylist(), rows["source_row_number"].to_pylist(), text, strict=True)
    for name, number, key in places:
        if name in bulk:
            bulk[name].add(key)
        else:
            live[name][number] = key
    return live | bulk


@pytest.mark.parametrize(
    ("kind", "column", "rule"),
    [
        ("superseded_number", "superseded_nhs_number", SUPERSEDED),
        ("two_numbers", "other_nhs_number", TWO_NUMBERS),
    ],
)
def test_rows_under_another_number_are_told_after_linkage(kind: str, column: str, rule: str, taken: TakenIn) -> None:
    """Recounted from the landed bytes: rows under a number that was superseded, or under somebody's second one."""
    numbers = {one[column] for one in taken.people} - {""}
    there = taken.rows_with_number(numbers)
    planted = sum(len(rows) for rows in there.values())
    found = sum(len(rows & taken.after_linkage(name).get(rule, set())) for name, rows in there.items())
    assert planted >= AT_LEAST
    assert (found >= FOUND_SHARE * planted) != (kind in not_detected()), (kind, planted, found)


def test_contact_numbers_reused_across_referrals_lose_nobody(taken: TakenIn) -> None:
    reused = 0
    for name, landed in taken.landed.items():
        if landed.receipt["extract"] != "community_contact" or taken.of(name).state != "accepted":
            continue
        place = landed.header.index("CARE CONTACT IDENTIFIER")
        times = Counter(row[place] for row in landed.rows)
        numbers = {number for number, row in enumerate(landed.rows, start=1) if times[row[place]] > 1}
        planted = {n for kinds in [taken.truth["rows"].get(name, {})] for found in kinds.values() for n in found}
        # A planted exact copy and the row it copies share one fate: one of the two is kept.
        copied = Counter(tuple(row) for row in landed.rows)
        numbers -= planted | {n for n, row in enumerate(landed.rows, start=1) if copied[tuple(row)] > 1}
        reused += len(numbers)
        assert numbers <= set(taken.rows_in(layout.clean, name)), name
    assert reused >= AT_LEAST
