"""From what is so tonight to what somebody is told: cases are gathered under their alerts and held against the last
notice, so that nothing is told every night that has not changed.

Pure. A case is one thing of a kind (a delivery, a practice, a source), named by an id; nobody's value is in it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Literal, Protocol

State = Literal["new", "more", "still", "over", "once"]
# The order in which a notice tells.
STATES: tuple[State, ...] = ("new", "once", "more", "still", "over")
# Something that is told and not of which it is said every night that it still is so.
CHANGED: frozenset[State] = frozenset({"new", "more", "over", "once"})
LOOK, STOPPED = "look", "stopped"


class Kind(Protocol):
    """What is declared of an alert."""

    @property
    def severity(self) -> str: ...
    @property
    def one(self) -> str: ...
    @property
    def many(self) -> str: ...
    @property
    def page(self) -> str: ...
    @property
    def once(self) -> bool: ...


@dataclass(frozen=True, order=True)
class Case:
    """One thing that is so: the alert it belongs to, and its id."""

    alert: str
    subject: str


@dataclass(frozen=True)
class Alert:
    """What somebody is told: words with a count and the first ids, the page, since when, and what is new about it."""

    name: str
    severity: str
    count: int
    subjects: tuple[str, ...]
    says: str
    runbook: str
    state: State
    since: date

    @property
    def is_open(self) -> bool:
        return self.state in ("new", "more", "still")

    def as_row(self) -> dict[str, Any]:
        """As it is kept and as machines read it."""
        return {**vars(self), "subjects": list(self.subjects), "since": self.since.isoformat()}


def from_row(row: Mapping[str, Any]) -> Alert:
    """The alert that `as_row` gave."""
    return Alert(**{**row, "subjects": tuple(row["subjects"]), "since": date.fromisoformat(row["since"])})


def alerts_of(
    cases: Iterable[Case], *, kinds: Mapping[str, Kind], open_before: Sequence[Alert], on: date, names_most: int
) -> list[Alert]:
    """Alerts of these cases on this day, the gravest first, and those open before that are over.

    `open_before` is what stood open at the last notice. New: it was not open. More: there is a case that was not
    there. Still: neither. Over: open before, and no case is left. Raises KeyError for a case of no declared alert.
    """
    subjects: dict[str, set[str]] = {}
    for case in cases:
        subjects.setdefault(case.alert, set()).add(case.subject)
    before = {one.name: one for one in open_before}
    found = [
        _alert(name, sorted(ids), kinds[name], before=before.get(name), on=on, names_most=names_most)
        for name, ids in subjects.items()
    ]
    found += [replace(one, state="over") for name, one in before.items() if name not in subjects]
    return sorted(found, key=_place)


def to_tell(alerts: Sequence[Alert], *, last_told: date | None, on: date, remind_after_days: int) -> bool:
    """Whether a notice goes out: something changed, or what is open was last told that many days ago."""
    if any(one.state in CHANGED for one in alerts):
        return True
    is_open = any(one.is_open for one in alerts)
    return is_open and (last_told is None or on - last_told >= timedelta(days=remind_after_days))


def still_open(alerts: Iterable[Alert]) -> list[Alert]:
    """What stands open after this notice."""
    return [one for one in alerts if one.is_open]


def at_least(alerts: Iterable[Alert], *, severity: str) -> list[Alert]:
    """Those as grave as `severity`: `look` is all of them."""
    return [one for one in alerts if severity == LOOK or one.severity == STOPPED]


def in_words(kind: Kind, subjects: Sequence[str], *, names_most: int) -> str:
    """The declared words with the count and the first ids; how many more there are is said."""
    names = ", ".join(subjects[:names_most])
    if len(subjects) > names_most:
        names += f" and {len(subjects) - names_most} more"
    return (kind.one if len(subjects) == 1 else kind.many).format(count=len(subjects), names=names)


def notice_lines(alerts: Sequence[Alert], *, as_of: date) -> list[str]:
    """A notice as text: what is new, what is more, what still is, what is over; each with its page."""
    titles = {"new": "New", "once": "Happened", "more": "More of it", "still": "Still so", "over": "Over"}
    lines = [f"Night of {as_of}: {summary(alerts)}."]
    for state in STATES:
        mine = [one for one in alerts if one.state == state]
        if mine:
            lines += ["", f"{titles[state]}:"]
        for one in mine:
            grave = "STOPPED: " if one.severity == STOPPED and state != "over" else ""
            since = f" (since {one.since})" if state in ("more", "still", "over") else ""
            lines.append(f"- {grave}{one.says}{since}")
            if state != "over":
                lines.append(f"  see {one.runbook}")
    return lines


def summary(alerts: Sequence[Alert]) -> str:
    """How many are open, how many of them stop publication, and how many are over."""
    is_open = [one for one in alerts if one.is_open or one.state == "once"]
    stopped = sum(one.severity == STOPPED for one in is_open)
    over = len(alerts) - len(is_open)
    told = [f"{stopped} stopped"] if stopped else []
    told += [f"{len(is_open) - stopped} to look at"] if len(is_open) > stopped else []
    told += [f"{over} over"] if over else []
    return ", ".join(told) or "nothing to look at"


def ends_within(last_days: Mapping[str, date], *, on: date, days: int) -> list[str]:
    """Names of what ends within so many days of the day or has ended, with the day: `acute until 2026-12-31`."""
    soon = on + timedelta(days=days)
    return [f"{name} until {last}" for name, last in sorted(last_days.items()) if last <= soon]


def unknown_alerts(names: Collection[str], kinds: Mapping[str, Kind]) -> list[str]:
    """Names that no alert is declared by."""
    return sorted(set(names) - set(kinds))


def _alert(name: str, subjects: list[str], kind: Kind, *, before: Alert | None, on: date, names_most: int) -> Alert:
    state: State = "new"
    if kind.once:
        state = "once"
    elif before is not None:
        state = "still" if set(subjects) <= set(before.subjects) else "more"
    return Alert(
        name=name,
        severity=kind.severity,
        count=len(subjects),
        subjects=tuple(subjects),
        says=in_words(kind, subjects, names_most=names_most),
        runbook=kind.page,
        state=state,
        since=on if before is None or kind.once else before.since,
    )


def _place(alert: Alert) -> tuple[bool, bool, str]:
    return (alert.state == "over", alert.severity != STOPPED, alert.name)
