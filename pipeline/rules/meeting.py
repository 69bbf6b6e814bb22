"""Whom to talk about when the practices of a network meet: the top of each list, and what has changed on it.

A meeting has time for a few of each practice, so the list ends and says how many more there are. Pure; who stands on
a list, what changed and what is overdue is decided elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

# Of each practice: the highest risks, who always stand on the list, and how many there are at most.
TOP_OF_EACH = 3
MOST_OF_EACH = 8

# Why somebody is to be talked about, the most pressing first, in words that name no day, place or diagnosis.
WHY = {
    "discharged_no_contact": "Discharged, no contact known yet",
    "care_plan_overdue": "Care plan overdue",
    "rising": "Risk clearly higher than last time",
    "new": "New on the list",
    "nominated": "Nominated by the practice",
    "top": "Among the practice's highest risks",
}
NEW = ("new", "returned", "joined")


@dataclass(frozen=True)
class OnList:
    """Somebody on a practice's list. `change` is None on a practice's first edition, where everyone is new."""

    person_key: str
    rank: int
    is_nominated: bool
    change: str | None
    is_discharged_without_contact: bool
    is_care_plan_overdue: bool


@dataclass(frozen=True)
class ToDiscuss:
    """Somebody to talk about, with every reason, the most pressing first."""

    person_key: str
    why: tuple[str, ...]


def to_discuss(people: Sequence[OnList]) -> tuple[list[ToDiscuss], int]:
    """Whom one practice brings, in order of rank, and how many more there would have been.

    The highest ranks always; then, as long as there is room, one of each reason in turn, the most pressing first and of
    each the highest rank, so that no reason crowds out the others.
    """
    ranked = sorted(people, key=lambda each: (each.rank, each.person_key))
    reasons = {one.person_key: _why(one, is_top=place <= TOP_OF_EACH) for place, one in enumerate(ranked, start=1)}
    wanted = [one for one in ranked if reasons[one.person_key]]
    first = [one.person_key for one in wanted if "top" in reasons[one.person_key]]
    piles = [[one.person_key for one in wanted if reasons[one.person_key][0] == reason] for reason in WHY]
    turns = [key for turn in zip_longest(*piles) for key in turn if key is not None and key not in first]
    chosen = set((first + turns)[:MOST_OF_EACH])
    told = [ToDiscuss(one.person_key, reasons[one.person_key]) for one in wanted if one.person_key in chosen]
    return told, len(wanted) - len(told)


def _why(one: OnList, *, is_top: bool) -> tuple[str, ...]:
    applies = {
        "discharged_no_contact": one.is_discharged_without_contact,
        "care_plan_overdue": one.is_care_plan_overdue,
        "rising": one.change == "rising",
        "new": one.change in NEW,
        "nominated": one.is_nominated,
        "top": is_top,
    }
    # A nomination stands for a year: it is news only while it is new.
    if not (applies["new"] or applies["top"]):
        applies["nominated"] = False
    return tuple(reason for reason in WHY if applies[reason])
