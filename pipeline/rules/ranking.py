"""Who is on a register: rank by score, exactly as many as the practice can work with, and no flicker.

Pure functions of keys and scores. Ties are broken by person_key ascending: arbitrary, the same every night,
and independent of the order of rows. Whom a practice has nominated or declined is given (rules/answers.py).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, Decimal
from typing import Literal

Kind = Literal["by_rank", "kept", "nominated", "declined", "child"]
EDITIONS_BEYOND_TO_LEAVE = 2


def rank(scored: Sequence[tuple[str, Decimal]]) -> list["Ranked"]:
    """Ranks 1..n by score descending, ties by person_key ascending; ValueError if a person stands twice."""
    if len({person_key for person_key, _ in scored}) != len(scored):
        raise ValueError("a person stands twice among the scored")
    ordered = sorted(scored, key=lambda pair: (-pair[1], pair[0]))
    return [Ranked(person_key, score, place) for place, (person_key, score) in enumerate(ordered, start=1)]


def capacity(n_adults: int, *, pct: Decimal) -> int:
    """How many people a register of `pct` per cent of the scored adults holds, rounded up."""
    if n_adults < 0 or not 0 <= pct <= 100:
        raise ValueError("a capacity needs a count of adults and 0 to 100 per cent")
    return int((n_adults * pct / 100).to_integral_value(rounding=ROUND_CEILING))


def choose_listed(
    ranked: Sequence["Ranked"],
    *,
    k: int,
    previous: Mapping[str, "PreviousEntry"],
    as_of: date,
    nominated: Collection[str] = (),
    declined: Collection[str] = (),
) -> list["Listed"]:
    """Exactly k by rank (or all, when fewer) and those counted apart, in order of rank.

    Kept: on the last edition, not among the k, and not yet two consecutive editions beyond place 1.5 k. People
    no longer scored (moved, died, opted out) leave at once. Nominated: by the practice, and neither of these. Declined:
    would be listed, had the practice or the person not declined. They give up their place and not their rank: places
    count those who have not.
    """
    if k < 0:
        raise ValueError("a register cannot hold fewer than nobody")
    listed, places_taken = [], 0
    for person in sorted(ranked, key=lambda each: each.rank):
        before, is_declined = previous.get(person.person_key), person.person_key in declined
        place = places_taken + 1
        places_taken += not is_declined
        beyond = before.editions_beyond + 1 if before is not None and 2 * place > 3 * k else 0
        listing = _listing(before, place=place, k=k, beyond=beyond, is_nominated=person.person_key in nominated)
        if listing is None:
            continue
        counted = 0 if listing == "by_rank" else beyond
        kind: Kind = "declined" if is_declined else listing
        listed.append(_list(person, kind, before, beyond=counted, as_of=as_of))
    return listed


def list_children(
    ranked: Sequence["Ranked"], *, k: int, previous: Mapping[str, "PreviousEntry"], as_of: date
) -> list["Listed"]:
    """Exactly k children by rank among the practice's children (or all, when fewer).

    A list apart: it takes nobody's place, keeps nobody from the last edition, and an answer sets nobody aside.
    """
    if k < 0:
        raise ValueError("a register cannot hold fewer than nobody")
    first = sorted(ranked, key=lambda each: each.rank)[:k]
    return [_list(child, "child", previous.get(child.person_key), beyond=0, as_of=as_of) for child in first]


def _listing(before: "PreviousEntry | None", *, place: int, k: int, beyond: int, is_nominated: bool) -> Kind | None:
    """Why somebody at this place is listed; None when they are not."""
    if place <= k:
        return "by_rank"
    # Who was only ever nominated has no place by rank to be kept in.
    if before is not None and before.listing != "nominated" and beyond < EDITIONS_BEYOND_TO_LEAVE:
        return "kept"
    return "nominated" if is_nominated else None


def _list(person: "Ranked", listing: Kind, before: "PreviousEntry | None", *, beyond: int, as_of: date) -> "Listed":
    return Listed(
        person_key=person.person_key,
        listing=listing,
        rank=person.rank,
        risk_score=person.risk_score,
        editions_beyond=beyond,
        editions_on_register=before.editions_on_register + 1 if before else 1,
        first_listed_on=before.first_listed_on if before else as_of,
    )


@dataclass(frozen=True)
class Ranked:
    """A scored person and their place, 1 the highest risk."""

    person_key: str
    risk_score: Decimal
    rank: int


@dataclass(frozen=True)
class PreviousEntry:
    """What the practice's last edition said about a person."""

    listing: Kind
    editions_beyond: int
    editions_on_register: int
    first_listed_on: date


@dataclass(frozen=True)
class Listed:
    """One line of the new edition. `editions_beyond` counts consecutive editions beyond rank 1.5 k."""

    person_key: str
    listing: Kind
    rank: int
    risk_score: Decimal
    editions_beyond: int
    editions_on_register: int
    first_listed_on: date
