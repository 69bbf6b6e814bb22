"""The quarter as facts to be held against the docs: what each week should have been, and what it came to in figures.

Expectations are of quarter_expect.py; here they are chained from week to week, each upon what was expected before.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from math import fsum

from quarter_expect import Expected, Lists, Stands, expected_register, standing
from quarter_region import NIGHTS, Row, practices
from quarter_run import Quarter, Week

from pipeline.store import layout


@dataclass(frozen=True)
class Place:
    """One practice in one week: its register as published, as it should be, and what stands of its people."""

    week: int
    code: str
    published: Mapping[str, Row]
    before: Mapping[str, Row]
    expected: Mapping[str, Expected]
    stands: Mapping[str, Stands]


class Facts:
    """Everything the tests ask of a quarter, worked out once."""

    def __init__(self, quarter: Quarter) -> None:
        self.quarter = quarter

    @cached_property
    def lists(self) -> list[Lists]:
        """Of every week, what lists and records said by its night."""
        landing, truth = layout.landing(self.quarter.home), self.quarter.truth
        return [Lists(landing, night=week.night, truth=truth) for week in self.quarter.weeks]

    @cached_property
    def places(self) -> list[Place]:
        found: list[Place] = []
        chain: dict[str, Mapping[str, Expected]] = {}
        for number, week in enumerate(self.quarter.weeks):
            adults, day = self.lists[number].adults, week.night + timedelta(days=1)
            for code in practices():
                stands = self.standing(code, number)
                expected = expected_register(
                    {one: week.scores[one] for one in adults[code]},
                    practice=code,
                    before=chain.get(code, {}),
                    declined=[one for one, said in stands.items() if said.is_declined(day)],
                    nominated=[one for one, said in stands.items() if said.is_nominated(day)],
                )
                chain[code] = expected
                found.append(
                    Place(number, code, self.register(number, code), self.register(number - 1, code), expected, stands)
                )
        return found

    def standing(self, code: str, week: int) -> dict[str, Stands]:
        """What holds in this week; nothing of what was said before an opting out, nor during it."""
        return standing(self.quarter.sent, practice=code, night=NIGHTS[week], forgotten=self._forgotten(week))

    def register(self, week: int, code: str) -> dict[str, Row]:
        if week < 0:
            return {}
        return {row["nhs_number"]: row for row in self.quarter.weeks[week].registers[code]}

    def listed(self, week: int) -> set[tuple[str, str]]:
        """(practice, number) of everybody who stands on a register to be worked with or counted apart."""
        registers = self.quarter.weeks[week].registers
        return {(code, row["nhs_number"]) for code, rows in registers.items() for row in rows}

    @cached_property
    def by_rank(self) -> list[set[tuple[str, str]]]:
        """The same of lists cut off by rank alone, by week: the k first of every practice, nobody kept."""
        return [self._by_rank(week) for week in range(len(self.quarter.weeks))]

    def _by_rank(self, week: int) -> set[tuple[str, str]]:
        found = set()
        for code, rows in self.quarter.weeks[week].registers.items():
            k = sum(row["listing"] == "by_rank" for row in rows)
            adults = self.lists[week].adults[code]
            scores = self.quarter.weeks[week].scores
            ordered = sorted(adults, key=lambda number: (-scores[number][0], scores[number][1]))
            found |= {(code, number) for number in ordered[:k]}
        return found

    def episodes(self) -> Iterator[tuple[str, str, list[Row | None]]]:
        """Practice, number and row of each week (None where not listed) of everybody who was ever listed."""
        weeks = range(len(self.quarter.weeks))
        for code, number in sorted(set().union(*(self.listed(week) for week in weeks))):
            yield code, number, [self.register(week, code).get(number) for week in weeks]

    def _forgotten(self, week: int) -> dict[str, date]:
        """Of everybody who had opted out by this week, the night before which nothing that was said is held."""
        found = {}
        for one in self.quarter.happened:
            if one.what == "opts_out" and one.week <= week:
                found[one.nhs_number] = NIGHTS[week]
        for one in self.quarter.happened:
            if one.what == "withdraws" and one.week <= week:
                found[one.nhs_number] = NIGHTS[one.week]
        return found


def figures(facts: Facts) -> dict[str, float]:
    """What the quarter came to, by the words of docs/quarter.md; shares in per cent."""
    quarter, weeks = facts.quarter, range(len(facts.quarter.weeks))
    rows = [row for week in quarter.weeks for register in week.registers.values() for row in register]
    pairs = [(facts.listed(week - 1), facts.listed(week)) for week in weeks[1:]]
    bare = [(facts.by_rank[week - 1], facts.by_rank[week]) for week in weeks[1:]]
    left = [one for week in quarter.weeks for one in week.left.values()]
    why = [reason for one in left for reason in one.named.values()]
    listings = {kind: [row for row in rows if row["listing"] == kind] for kind in ("kept", "nominated", "declined")}
    episodes = [rows_of_one for _, _, rows_of_one in facts.episodes()]
    return {
        "editions": sum(len(week.registers) for week in quarter.weeks),
        "people listed by rank, a week": _mean(
            [sum(row["listing"] == "by_rank" for row in _all(week)) for week in quarter.weeks]
        ),
        "kept, a week": len(listings["kept"]) / len(weeks),
        "nominated, a week": len(listings["nominated"]) / len(weeks),
        "set aside, a week": len(listings["declined"]) / len(weeks),
        "different people ever listed": len(episodes),
        "new or returned, a week": _mean(
            [sum(row["change"] in ("new", "returned") for row in _all(week)) for week in quarter.weeks[1:]]
        ),
        "of last week's register still there, mean Jaccard in 100": 100 * _mean([_jaccard(*pair) for pair in pairs]),
        "the same, lowest week": 100 * min(_jaccard(*pair) for pair in pairs),
        "the same of lists cut off by rank alone, mean": 100 * _mean([_jaccard(*pair) for pair in bare]),
        "left and were listed again": sum(_came_back(one) for one in episodes),
        "the same of lists cut off by rank alone": _came_back_by_rank(facts),
        "left: died": why.count("Died"),
        "left: risk fell": why.count("Risk fell"),
        "left: taken off the list": why.count("Taken off the list"),
        "left: no longer registered here, named": why.count("No longer registered here"),
        "left: not named, opted out": sum(one.opted_out for one in left),
        "left: not named, moved": sum(one.others - one.opted_out for one in left),
        "files sent back": len(quarter.sent),
        "answers read": sum(int(one.became.get("changed", 0)) for one in quarter.sent),
        "nominations read": sum(int(one.became.get("nominated", 0)) for one in quarter.sent),
        "rows left out": sum(len(one.became.get("rejected", ())) for one in quarter.sent),
        "files refused": sum("refused" in one.became for one in quarter.sent),
        "care plans overdue, last week": sum(row["care_plan_overdue"] == "yes" for row in _all(quarter.weeks[-1])),
    }  # fmt: skip


def _all(week: Week) -> list[Row]:
    return [row for rows in week.registers.values() for row in rows]


def _mean(values: list[int] | list[float]) -> float:
    return fsum(values) / len(values)


def _jaccard(one: set[tuple[str, str]], other: set[tuple[str, str]]) -> float:
    return len(one & other) / len(one | other)


def _came_back(rows: list[Row | None]) -> int:
    """How often somebody who had left stood on a register again."""
    there = [row is not None for row in rows]
    return sum(there[at] and not there[at - 1] and any(there[: at - 1]) for at in range(1, len(there)))


def _came_back_by_rank(facts: Facts) -> int:
    weeks = facts.by_rank
    people = set().union(*weeks)
    total = 0
    for one in people:
        there = [one in week for week in weeks]
        total += sum(there[at] and not there[at - 1] and any(there[: at - 1]) for at in range(1, len(there)))
    return total
