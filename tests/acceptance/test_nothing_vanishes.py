"""Rows in = kept + duplicate + superseded + quarantined + refused, for every delivery, recounted from the bytes."""

from collections import Counter

import pytest
from taken_in import TakenIn

from pipeline.contracts.extract import load_extracts
from pipeline.contracts.settings import PROJECT
from pipeline.store import layout

pytestmark = pytest.mark.acceptance

CONTRACTS = load_extracts(PROJECT)


def test_every_landed_file_is_in_the_ledger_once(taken: TakenIn) -> None:
    assert len(taken.landed) == len(taken.deliveries) > 500
    assert {taken.of(name).state for name in taken.landed} <= {"accepted", "refused", "duplicate"}
    assert all(refused.code for refused in taken.refused)


def test_the_terms_add_up_for_every_delivery(taken: TakenIn) -> None:
    for name, one in taken.deliveries.items():
        terms = (one.rows_kept, one.rows_duplicate, one.rows_superseded, one.rows_quarantined, one.rows_refused)
        assert one.rows_in == sum(terms) and min(terms) >= 0, name


def test_rows_in_are_the_rows_that_lie_in_the_file(taken: TakenIn) -> None:
    """A refused delivery counts what lies in its file, or where that cannot be read what its receipt announced."""
    for name, landed in taken.landed.items():
        one = taken.of(name)
        if one.state == "accepted":
            assert one.rows_in == len(landed.rows) == landed.receipt["rows"], name
        else:
            lines = landed.path.read_bytes().count(b"\n") - 1
            assert one.rows_in in (landed.receipt["rows"], lines), name
            assert one.rows_refused + one.rows_duplicate == one.rows_in, name


def test_each_row_of_an_accepted_file_lies_in_one_place(taken: TakenIn) -> None:
    """Clean or set apart by number; what is in neither is a copy of a row of the file, or older than one."""
    accepted = [name for name in taken.landed if taken.of(name).state == "accepted"]
    assert len(accepted) > 300
    for name in accepted:
        one, landed = taken.of(name), taken.landed[name]
        clean, apart = taken.rows_in(layout.clean, name), taken.rows_in(layout.quarantine, name)
        assert len(clean) == one.rows_valid and len(apart) == one.rows_broken, name
        assert len(set(clean) | set(apart)) == len(clean) + len(apart), name
        assert set(clean) | set(apart) <= set(range(1, len(landed.rows) + 1)), name
        copies = sum(times - 1 for times in Counter(tuple(row) for row in landed.rows).values())
        assert one.rows_duplicate == copies, name
        assert one.rows_in - len(clean) - len(apart) == one.rows_duplicate + one.rows_superseded, name


def test_linkage_loses_no_row(taken: TakenIn) -> None:
    """Kept rows are linked, of somebody who dissents, or lie among those of nobody; files without people stay."""
    for name, one in taken.deliveries.items():
        if one.state != "accepted" or CONTRACTS[one.extract].person is None:
            continue
        linked, nobody = taken.rows_in(layout.linked, name), taken.rows_in(layout.unlinked, name)
        assert len(nobody) == one.rows_unlinked, name
        assert len(linked) == one.rows_valid - one.rows_unlinked - one.rows_opted_out, name


def test_nothing_of_a_refused_file_is_used(taken: TakenIn) -> None:
    for name, one in taken.deliveries.items():
        if one.state == "refused":
            for zone in (layout.clean, layout.linked, layout.unlinked):
                assert taken.rows_in(zone, name) == [], name
