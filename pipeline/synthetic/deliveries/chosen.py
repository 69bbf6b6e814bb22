"""People of the core practices to whom something is planned: they dissent, die, move, or leave the list.

Chosen after the block is drawn, so that what is measured on the block as drawn does not depend on it. The ill are
chosen where it must show on a register.
"""

from dataclasses import dataclass, replace

import numpy as np

from pipeline.synthetic.latent.block import Block
from pipeline.synthetic.population.frame import CORE_PRACTICES, NO_AGREEMENT
from pipeline.synthetic.population.people import NEVER, People

DISSENT, DISSENT_WITHDRAWN = "827241000000103", "827261000000102"
_DISSENT_SHARE = 0.004


def choose(block: Block, *, today: int, rng: np.random.Generator) -> tuple[Block, "Chosen"]:
    """The block of the core practices with what is planned to happen to its people."""
    people = block.people
    core = [i for i, code in enumerate(CORE_PRACTICES) if code != NO_AGREEMENT]
    free = _free(people, core, today=today)
    by_practice = _illest(block, free, core, today=today)
    second_week = by_practice[core[0]].pop(1)
    dies = by_practice[core[3]].pop(2)
    others = [by_practice[core[k % 4]].pop(0) for k in range(4)]
    pool = rng.permutation([p for i in core for p in by_practice[i][10:]])
    count = max(3, round(free.sum() * _DISSENT_SHARE))
    dissents, pool = [*others[:3], *(int(p) for p in pool[:count])], pool[count:]
    withdrawn, same_day, deducted = (int(p) for p in pool[:3])
    near, far = by_practice[core[1]][5], by_practice[core[0]][5]
    chosen = Chosen(
        dissents=tuple(dissents),
        dissent_withdrawn=withdrawn,
        dissent_same_day=same_day,
        dissent_second_week=second_week,
        dies=dies,
        deducted=deducted,
        moves_within_supplier=near,
        moves_across_suppliers=far,
    )
    return replace(block, people=_happened(people, chosen, core, today=today)), chosen


def left_alone(block: Block, chosen: "Chosen", *, today: int) -> np.ndarray:
    """Who of the core block is as `choose` wants people, and has nothing planned."""
    core = [i for i, code in enumerate(CORE_PRACTICES) if code != NO_AGREEMENT]
    free = _free(block.people, core, today=today)
    free[[*chosen.dissents, chosen.dissent_withdrawn, chosen.dissent_same_day, chosen.dissent_second_week]] = False
    free[[chosen.dies, chosen.deducted, chosen.moves_within_supplier, chosen.moves_across_suppliers]] = False
    return free


def _free(people: People, core: list[int], *, today: int) -> np.ndarray:
    """Adults who have long been, and stay, with a core practice that takes part, under one number and one list."""
    grown_up = today - people.birth > 19 * 366
    steady = (people.moved == NEVER) & (people.registered < today - 1600) & grown_up & (people.second_practice < 0)
    plain = (people.other_nhs_number == "") & (people.superseded_nhs_number == "") & ~people.is_confidential
    free: np.ndarray = people.registered_on(today + 60) & np.isin(people.practice, core) & steady & plain
    return free


def _illest(block: Block, free: np.ndarray, core: list[int], *, today: int) -> dict[int, list[int]]:
    step = int(np.searchsorted(block.lives.starts, today, side="right")) - 1
    hazard = np.where(free, block.lives.hazard[min(step, len(block.lives.hazard) - 1)], -1.0)
    illest = [int(p) for p in np.argsort(-hazard, kind="stable")][: int(free.sum())]
    return {i: [p for p in illest if block.people.practice[p] == i] for i in core}


def _happened(people: People, chosen: "Chosen", core: list[int], *, today: int) -> People:
    death, left = people.death.copy(), people.left.copy()
    former, practice, moved = people.former_practice.copy(), people.practice.copy(), people.moved.copy()
    death[chosen.dies], left[chosen.deducted] = today + 3, today + 5
    for person, target, day in (
        (chosen.moves_within_supplier, core[0], today + 5),
        (chosen.moves_across_suppliers, core[3], today + 6),
    ):
        former[person], practice[person], moved[person] = practice[person], target, day
    return replace(people, death=death, left=left, former_practice=former, practice=practice, moved=moved)


@dataclass(frozen=True)
class Chosen:
    """People (indices within the core block) to whom something is planned to happen."""

    dissents: tuple[int, ...]
    dissent_withdrawn: int
    dissent_same_day: int
    dissent_second_week: int
    dies: int
    deducted: int
    moves_within_supplier: int
    moves_across_suppliers: int

    def entries(self, *, today: int) -> list[tuple[int, int, str]]:
        """(person, day, SNOMED CT code) of what these people say about the use of their records."""
        coded = [(person, today - 100 - 23 * k % 1200, DISSENT) for k, person in enumerate(self.dissents)]
        return [
            *coded,
            (self.dissent_withdrawn, today - 800, DISSENT),
            (self.dissent_withdrawn, today - 300, DISSENT_WITHDRAWN),
            (self.dissent_same_day, today - 200, DISSENT),
            (self.dissent_same_day, today - 200, DISSENT_WITHDRAWN),
            (self.dissent_second_week, today + 4, DISSENT),
        ]

    def kinds(self, count: int) -> list[str]:
        """What each person of the block says of a Type 1 opt-out."""
        kinds = ["none"] * count
        for person in self.dissents:
            kinds[person] = "dissents"
        kinds[self.dissent_withdrawn] = "withdrawn"
        kinds[self.dissent_same_day] = "same_day"
        kinds[self.dissent_second_week] = "second_week"
        return kinds

    def diary(self, people: People, *, today: int) -> list[dict[str, object]]:
        """What happens to them in the live week, for the truth folder."""
        week = [
            ("type_1_dissent", self.dissent_second_week, 4),
            ("death", self.dies, 3),
            ("deduction", self.deducted, 5),
            ("move_within_supplier", self.moves_within_supplier, 5),
            ("move_across_suppliers", self.moves_across_suppliers, 6),
        ]
        return [
            {
                "what": what,
                "nhs_number": str(people.nhs_number[person]),
                "date": str(np.datetime64(today + night, "D")),
            }
            for what, person, night in week
        ]
