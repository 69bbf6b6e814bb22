"""Children listed apart: only where the policy says so, exactly k of them, and nobody's place among adults changes."""

from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError
from small_home import small_context

from pipeline.contracts.policy import Children
from pipeline.contracts.settings import Settings
from pipeline.ledger.registers import Entry
from pipeline.steps.publish.pack_people import _rank_before
from pipeline.steps.register import register as step
from pipeline.store import layout, tables

NIGHT = date(2026, 11, 15)
RUN = SimpleNamespace(run_key="one", as_of=NIGHT)


def person(key: str, risk: str, *, is_adult: bool) -> dict[str, Any]:
    return {"person_key": key, "practice_code": "A", "risk_score": Decimal(risk), "is_adult": is_adult}


PEOPLE = [person(f"a{n:02d}", f"0.{90 - n}", is_adult=True) for n in range(50)]
PEOPLE += [person(f"c{n:02d}", f"0.{60 - n}", is_adult=False) for n in range(50)]


def before(key: str, listing: str) -> Entry:
    return Entry(key, listing, 1, Decimal("0.5"), "x", date(2026, 11, 8), 3, 0)


@pytest.fixture
def listed(home: Settings, monkeypatch: pytest.MonkeyPatch):
    """(listing, person, rank, editions) of the night's register under these rules for children."""
    context = small_context(home)

    def run(children: Children, *entries: Entry) -> list[tuple[str, str, int, int]]:
        practice = SimpleNamespace(practice_code="A", capacity_pct=4)
        policy = SimpleNamespace(children=children, participating=lambda day: [practice])
        for name, made in (
            ("_scored_people", PEOPLE),
            ("policy_of_run", policy),
            ("reference_of", None),
            ("previous", SimpleNamespace(entries={entry.person_key: entry for entry in entries})),
            ("answers_of", {}),
        ):
            monkeypatch.setattr(step, name, lambda *_, made=made, **__: made)
        result = step.register(context, run=RUN)
        rows = tables.read(layout.table(home.home, "register"), column="run_key", values=["one"]).to_pylist()
        assert result.counts["children"] == sum(row["listing"] == "child" for row in rows)
        return [(row["listing"], row["person_key"], row["rank"], row["editions_on_register"]) for row in rows]

    return run


ADULTS = [("by_rank", "a00", 1, 1), ("by_rank", "a01", 2, 1)]


def test_children_are_listed_only_where_the_policy_says_for_how_many(listed) -> None:
    assert listed(Children(list_apart=False)) == ADULTS
    apart = listed(Children(list_apart=True, capacity_pct=5))
    assert [row for row in apart if row[0] != "child"] == ADULTS
    assert [row for row in apart if row[0] == "child"] == [(*("child", f"c0{n}"), n + 1, 1) for n in range(3)]


def test_a_child_keeps_its_editions_and_who_has_come_of_age_begins_anew(listed) -> None:
    rows = listed(Children(list_apart=True, capacity_pct=2), before("c00", "child"), before("a30", "child"))
    assert rows == [ADULTS[0], ("child", "c00", 1, 4), ADULTS[1]]
    # Nobody is kept on the children's list, and an adult's own history is not lost.
    rows = listed(Children(list_apart=True, capacity_pct=2), before("c40", "child"), before("a30", "by_rank"))
    assert [row[:2] for row in rows] == [("by_rank", "a00"), ("child", "c00"), ("by_rank", "a01"), ("kept", "a30")]


@pytest.mark.parametrize("said", [{"list_apart": True}, {"list_apart": False, "capacity_pct": 2}])
def test_a_list_without_a_length_and_a_length_without_a_list_are_refused(said: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="exactly when"):
        Children(**said)


def test_a_rank_among_children_is_no_rank_among_adults() -> None:
    assert _rank_before(before("p", "child"), listing="by_rank", has_joined=False) is None
    assert _rank_before(before("p", "kept"), listing="by_rank", has_joined=False) == 1
    assert _rank_before(before("p", "child"), listing="child", has_joined=False) == 1
    assert _rank_before(before("p", "child"), listing="child", has_joined=True) is None
