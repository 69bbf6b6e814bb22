"""What is new, more, still so and over; words with counts; and when a notice goes out."""

from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.rules.alerts import (
    Alert,
    Case,
    alerts_of,
    at_least,
    ends_within,
    from_row,
    in_words,
    notice_lines,
    still_open,
    summary,
    to_tell,
    unknown_alerts,
)

DAY = date(2026, 11, 23)


@dataclass(frozen=True)
class Kind:
    """As one is declared."""

    severity: str = "look"
    one: str = "One: {names}"
    many: str = "{count} of them: {names}"
    page: str = "docs/runbooks/a.md"
    once: bool = False


KINDS = {"late": Kind(), "held": Kind(severity="stopped", page="docs/runbooks/b.md"), "failed": Kind(once=True)}


def found(*cases: tuple[str, str], before: list[Alert] | None = None, on: date = DAY) -> list[Alert]:
    told = [Case(alert, subject) for alert, subject in cases]
    return alerts_of(told, kinds=KINDS, open_before=before or [], on=on, names_most=2)


def states(alerts: list[Alert]) -> dict[str, str]:
    return {one.name: one.state for one in alerts}


def test_cases_are_gathered_and_the_gravest_comes_first() -> None:
    alerts = found(("late", "b"), ("held", "x"), ("late", "a"), ("late", "a"))
    assert [(one.name, one.count, one.subjects, one.says) for one in alerts] == [
        ("held", 1, ("x",), "One: x"),
        ("late", 2, ("a", "b"), "2 of them: a, b"),
    ]
    assert {one.state for one in alerts} == {"new"} and {one.since for one in alerts} == {DAY}


def test_what_was_told_is_still_so_more_of_it_or_over() -> None:
    first = found(("late", "a"), ("late", "b"), ("held", "x"))
    later = DAY + timedelta(days=1)
    assert states(found(("late", "a"), ("held", "x"), before=first, on=later)) == {"held": "still", "late": "still"}
    more = found(("late", "a"), ("late", "c"), before=first, on=later)
    assert states(more) == {"late": "more", "held": "over"}
    assert {one.name: one.since for one in more} == {"late": DAY, "held": DAY}
    assert [one.name for one in still_open(more)] == ["late"]
    assert more[-1].name == "held", "what is over is told last"


def test_what_happened_is_told_once_and_is_never_over() -> None:
    first = found(("failed", "training.train"))
    assert states(first) == {"failed": "once"}
    assert still_open(first) == []
    assert found(before=still_open(first)) == []
    again = found(("failed", "training.train"), before=first, on=DAY + timedelta(days=1))
    assert (again[0].state, again[0].since) == ("once", DAY + timedelta(days=1))


def test_a_notice_goes_out_for_news_and_as_a_reminder() -> None:
    first = found(("late", "a"))
    still = found(("late", "a"), before=first)
    over = found(before=first)

    def goes(alerts: list[Alert], *, days: int | None) -> bool:
        last = None if days is None else DAY - timedelta(days=days)
        return to_tell(alerts, last_told=last, on=DAY, remind_after_days=7)

    assert goes(first, days=1) and goes(over, days=1) and goes(still, days=None)
    assert not goes(still, days=6) and goes(still, days=7)
    assert not goes([], days=None) and not goes([], days=100)


def test_words_name_the_first_and_count_the_rest() -> None:
    assert in_words(KINDS["late"], ["a", "b", "c", "d"], names_most=2) == "4 of them: a, b and 2 more"
    assert in_words(KINDS["late"], ["a"], names_most=2) == "One: a"


def test_a_notice_reads_from_top_to_bottom() -> None:
    before = found(("late", "a"), ("failed", "f"))
    alerts = found(("held", "x"), ("failed", "g"), before=still_open(before), on=DAY + timedelta(days=1))
    assert notice_lines(alerts, as_of=date(2026, 11, 22)) == [
        "Night of 2026-11-22: 1 stopped, 1 to look at, 1 over.",
        "",
        "New:",
        "- STOPPED: One: x",
        "  see docs/runbooks/b.md",
        "",
        "Happened:",
        "- One: g",
        "  see docs/runbooks/a.md",
        "",
        "Over:",
        "- One: a (since 2026-11-23)",
    ]
    assert summary([]) == "nothing to look at"


def test_only_the_grave_ones() -> None:
    alerts = found(("late", "a"), ("held", "x"))
    assert [one.name for one in at_least(alerts, severity="stopped")] == ["held"]
    assert at_least(alerts, severity="look") == alerts


def test_a_case_of_no_declared_alert_is_a_fault() -> None:
    with pytest.raises(KeyError):
        found(("unheard of", "a"))
    assert unknown_alerts(["late", "unheard of"], KINDS) == ["unheard of"]


@pytest.mark.parametrize(("days", "expected"), [(29, []), (30, ["acute until 2026-12-23"])])
def test_what_ends_soon(days: int, expected: list[str]) -> None:
    last = {"gp": date(2027, 12, 31), "acute": date(2026, 12, 23)}
    assert ends_within(last, on=DAY, days=days) == expected


SUBJECTS = st.sets(st.sampled_from("abcde"))


@given(first=SUBJECTS, second=SUBJECTS)
def test_nothing_is_lost_between_two_nights(first: set[str], second: set[str]) -> None:
    """Whatever is so is among the open ones, what ceased is over, and kept rows read back as they were."""
    told = found(*(("late", one) for one in first))
    alerts = found(*(("late", one) for one in second), before=still_open(told))
    assert {subject for one in still_open(alerts) for subject in one.subjects} == second
    assert states(alerts) == (
        {}
        if not first and not second
        else {"late": "over" if not second else "new" if not first else "still" if second <= first else "more"}
    )
    assert [from_row(one.as_row()) for one in alerts] == alerts
