"""Retention as data: the file that ships holds together, a home's own takes its place, the audit never goes."""

from pathlib import Path

import pytest

from pipeline.contracts.retention import FILE, load_retention
from pipeline.contracts.settings import PROJECT
from pipeline.errors import ContractError

SHIPPED = (PROJECT / "policy" / FILE).read_text(encoding="utf-8")


def test_the_file_that_ships_holds_together(tmp_path: Path) -> None:
    found = load_retention(PROJECT, tmp_path)
    assert (found.audit, found.replay_window_days, found.landing) == ("never", 90, 30)


def test_a_homes_own_takes_its_place(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(SHIPPED.replace("landing: 30", "landing: never"))
    assert load_retention(PROJECT, tmp_path).landing == "never"


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("audit: never", "audit: 3650", "audit"),
        ("landing: 30", "landing: 0", "landing"),
        ("runs: 120\n", "", "runs"),
        ("runs: 120", "runs: 120\nrumours: 3", "rumours"),
        (SHIPPED, "- a\n", "not a list of zones"),
    ],
)
def test_a_fault_is_named(tmp_path: Path, old: str, new: str, field: str) -> None:
    assert old in SHIPPED
    (tmp_path / FILE).write_text(SHIPPED.replace(old, new))
    with pytest.raises(ContractError, match=field):
        load_retention(PROJECT, tmp_path)
