"""What differs between a register as it was published and as a backfill makes it, row by row, and why.

A row's reason is what is known of that person first (opted out, another practice's now, spoken of by other deliveries),
then what the whole run is made of otherwise, then that others moved. A row that nothing explains is said to be so.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

What = Literal["went", "came", "risk", "place", "words"]
Person = TypeVar("Person", bound=Hashable)

# What a run is made of, by name of the input: the word for it in a report.
INPUTS = {
    "policy": "policy",
    "reference": "reference",
    "codelist_release": "code_lists",
    "code": "code",
    "model_id": "model",
    "source_set": "source_set",
    "feedback": "answers",
    "previous_editions": "editions_continued",
    "chain": "editions_continued",
    "recalled": "editions_continued",
    "watching": "watching",
    "keys": "keys",
    "deliveries": "deliveries",
    "not_used": "deliveries",
    "erasure": "opted_out",
}
# Inputs that are told person by person: alone they explain another's row only by way of the household or the order.
OF_PERSONS = frozenset({"deliveries", "opted_out"})
SAYS = {
    "opted_out": "opted out since",
    "left_practice": "no patient of the practice any more",
    "deliveries": "other deliveries: later data, or data taken back",
    "others_moved": "others came, went or moved",
    "policy": "changed policy",
    "reference": "changed reference data",
    "code_lists": "other code lists",
    "code": "changed code",
    "model": "another model",
    "source_set": "another set of sources",
    "answers": "other answers of practices",
    "editions_continued": "continues another edition",
    "watching": "watched against other nights",
    "keys": "other keys",
    "unexplained": "nothing explains it",
}


@dataclass(frozen=True)
class Listed:
    """One row of a register: listing and rank, risk as printed, and every other column by name."""

    listing: str
    rank: int
    risk: str
    words: Mapping[str, str]


@dataclass(frozen=True)
class Difference:
    """One row that differs: its rank in both (None where it is not), in what, in which columns, and why."""

    rank_published: int | None
    rank_made: int | None
    what: What
    columns: tuple[str, ...]
    why: str


def changed_inputs(then: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    """Words for what the two runs are made of differently, sorted."""
    return tuple(sorted({word for name, word in INPUTS.items() if (then.get(name) or None) != (now.get(name) or None)}))


def differences(
    published: Mapping[Person, Listed],
    made: Mapping[Person, Listed],
    *,
    known: Mapping[Person, str],
    changed: Sequence[str],
) -> list[Difference]:
    """Every row that differs, by published rank, then by made rank.

    `known` says of a person what explains their row by itself; `changed` what the runs are made of differently.
    """
    found = []
    for key in {**published, **made}:
        before, after = published.get(key), made.get(key)
        what, columns = _what(before, after)
        if what is not None:
            why = known.get(key) or _why(what, changed)
            ranks = (before.rank if before else None, after.rank if after else None)
            found.append(Difference(*ranks, what, columns, why))
    beyond = 1 + max((row.rank for row in (*published.values(), *made.values())), default=0)
    return sorted(found, key=lambda one: (one.rank_published or beyond, one.rank_made or beyond, one.what, one.columns))


def _what(before: Listed | None, after: Listed | None) -> tuple[What | None, tuple[str, ...]]:
    if before is None or after is None:
        return ("came" if before is None else "went"), ()
    names = sorted(name for name in {*before.words, *after.words} if before.words.get(name) != after.words.get(name))
    if before.risk != after.risk:
        return "risk", tuple(names)
    if (before.listing, before.rank) != (after.listing, after.rank):
        return "place", tuple(names)
    return ("words" if names else None), tuple(names)


def _why(what: What, changed: Sequence[str]) -> str:
    whole = [word for word in changed if word not in OF_PERSONS]
    if what == "place":
        # The risk is the same to the digit, so only the order around it changed, or who counts as what.
        whole = [word for word in whole if word in ("policy", "answers", "editions_continued")]
    if whole:
        return "+".join(whole)
    if what in ("place", "came", "went"):
        return "others_moved" if changed else "unexplained"
    return "+".join(changed) or "unexplained"
