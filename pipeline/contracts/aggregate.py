"""Counts for planners: what a network, borough or ICB is handed once disclosure control has been through it.

Holds figures as they may be shown, never a true count. It does not know how it will be written, nor where it will lie.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from pipeline.contracts.correction import Recalled
from pipeline.contracts.register import SourceState

AreaKind = Literal["pcn", "borough", "icb"]
AREA_WORDS: dict[AreaKind, str] = {"pcn": "Primary care network", "borough": "Borough", "icb": "Integrated care board"}


@dataclass(frozen=True, kw_only=True)
class Figure:
    """People in one category: a multiple of 5, or None where it is suppressed, and their share of `people` shown.

    `possible` says of a suppressed one what anybody can work out; the next edition keeps to it. `people_before` is the
    figure as the last edition had it, of the same practices; None where there was none, or it was suppressed.
    """

    category: str
    title: str
    people: int | None
    pct: int | None
    possible: tuple[tuple[int, int], ...] | None
    people_before: int | None = None


@dataclass(frozen=True, kw_only=True)
class Rest:
    """The category that is not counted: about what the others leave, None where the total is suppressed."""

    category: str
    title: str
    about: int | None


@dataclass(frozen=True, kw_only=True)
class CountTable:
    """People of an area by one thing; `rest` is None where the categories overlap."""

    table: str
    title: str
    figures: tuple[Figure, ...]
    rest: Rest | None


@dataclass(frozen=True, kw_only=True)
class AreaCounts:
    """One area: who makes it up, how many people in all, and the tables."""

    code: str
    name: str
    kind: AreaKind
    within: str | None
    practice_codes: tuple[str, ...]
    people: Figure
    tables: tuple[CountTable, ...]


@dataclass(frozen=True, kw_only=True)
class AggregatePack:
    """The counts handed to one area: itself first, then every area inside it. Names nobody.

    `bases` are the lawful bases for planning that the counts rest on; `left_out` counts the networks that are too
    small to be in any figure.
    """

    areas: tuple[AreaCounts, ...]
    as_of: date
    index_date: date
    previous_as_of: date | None
    revision: int
    run_key: str
    model_id: str
    bases: tuple[str, ...]
    policy_name: str
    is_fictitious: bool
    left_out: int
    sources: tuple[SourceState, ...]
    supersedes: str | None
    # Of a corrected edition: why.
    reason: str | None = None
    recalled: tuple[Recalled, ...] = ()
