"""The whole invented region in memory: its people, their lives, and everything ever written about them.

Chooses the people to whom something is planned to happen. Writes nothing; `deliveries` sends it.
"""

import zlib
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from pipeline.synthetic import community, gp, hidden, hospital, social_care
from pipeline.synthetic.frame import NO_AGREEMENT, Frame, load_frame
from pipeline.synthetic.hidden import Lives, Traits
from pipeline.synthetic.people import NEVER, People, day_number, draw_people, settle_lists
from pipeline.synthetic.rows import Rows

ORACLE_STEP = 36  # the index date twelve months before the first night's
ORACLE_REPLICATES = 16


def draw_region(*, people: int, seed: int, as_of: date) -> "Region":
    """Everything, from the seed alone; each part has a stream of its own so that one can change without the rest."""

    def stream(part: str) -> np.random.Generator:
        return np.random.default_rng([seed, zlib.crc32(part.encode())])

    frame = load_frame(people)
    everyone = draw_people(frame, rng=stream("people"), as_of=as_of)
    traits = hidden.draw_traits(everyone, rng=stream("traits"))
    lives = hidden.live(traits, starts=hidden.month_starts(as_of), rng=stream("lives"))
    everyone = settle_lists(everyone, frame, death=lives.death, rng=stream("lists"), as_of=as_of)
    everyone, chosen = _plan(everyone, frame, lives, as_of=as_of, rng=stream("plan"))
    spells = hospital.draw_spells(everyone, lives, traits, rng=stream("spells"))
    return Region(
        as_of=as_of,
        frame=frame,
        people=everyone,
        traits=traits,
        lives=lives,
        chosen=chosen,
        spells=spells,
        attendances=hospital.draw_attendances(everyone, frame, lives, spells, rng=stream("attendances")),
        coded_events=gp.write_coded_events(
            everyone, frame, lives, traits, dissents=_dissents(chosen, as_of), rng=stream("gp_event")
        ),
        medication=gp.write_medication(everyone, frame, lives, traits, rng=stream("gp_medication")),
        contacts=community.draw_contacts(everyone, lives, as_of=as_of, rng=stream("community")),
        care=social_care.draw_care(everyone, lives, rng=stream("social_care")),
        oracle=hidden.expected_admission(
            lives, traits, step=ORACLE_STEP, replicates=ORACLE_REPLICATES, rng=stream("oracle")
        ),
        defects=stream("defects"),
        refresh=stream("refresh"),
    )


def registered_on(people: People, day: int) -> np.ndarray:
    """Who is alive and registered with a practice of the frame on a day."""
    return (people.practice >= 0) & (people.registered <= day) & (people.left > day) & (people.death > day)


def _plan(
    people: People, frame: Frame, lives: Lives, *, as_of: date, rng: np.random.Generator
) -> tuple[People, "Chosen"]:
    """Who dissents, dies, moves or is deducted; the ill are chosen where it must show on a register."""
    today = day_number(as_of)
    core = [i for i, p in enumerate(frame.practices[:5]) if p.code != NO_AGREEMENT]
    grown_up = today - people.birth > 19 * 366
    steady = (people.moved == NEVER) & (people.registered < today - 1600) & grown_up
    free = registered_on(people, today) & np.isin(people.practice, core) & steady
    hazard = np.where(free, lives.hazard[hidden.MONTHS - 1], -1.0)
    illest = [int(p) for p in np.argsort(-hazard, kind="stable")]
    by_practice = {i: [p for p in illest[: int(free.sum())] if people.practice[p] == i] for i in core}
    second_week = by_practice[core[0]].pop(1)
    dies = by_practice[core[3]].pop(2)
    count = max(3, round(free.sum() * 0.004))
    others = [by_practice[core[k % 4]].pop(0) for k in range(4)]
    pool = rng.permutation([p for i in core for p in by_practice[i][10:]])
    dissents, pool = [*others[:3], *(int(p) for p in pool[:count])], pool[count:]
    withdrawn, same_day, near, far, deducted = (int(p) for p in pool[:5])
    first = {i: by_practice[i][5] for i in core}
    near, far = first[core[1]], first[core[0]]
    death, left = people.death.copy(), people.left.copy()
    former, practice, moved = people.former_practice.copy(), people.practice.copy(), people.moved.copy()
    death[dies], left[deducted] = today + 3, today + 5
    for person, target, day in ((near, core[0], today + 5), (far, core[3], today + 6)):
        former[person], practice[person], moved[person] = practice[person], target, day
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
    changed = replace(people, death=death, left=left, former_practice=former, practice=practice, moved=moved)
    return changed, chosen


def _dissents(chosen: "Chosen", as_of: date) -> list[tuple[int, int, str]]:
    today = day_number(as_of)
    coded = [(person, today - 100 - 23 * k % 1200, gp.DISSENT) for k, person in enumerate(chosen.dissents)]
    coded += [
        (chosen.dissent_withdrawn, today - 800, gp.DISSENT),
        (chosen.dissent_withdrawn, today - 300, gp.DISSENT_WITHDRAWN),
        (chosen.dissent_same_day, today - 200, gp.DISSENT),
        (chosen.dissent_same_day, today - 200, gp.DISSENT_WITHDRAWN),
        (chosen.dissent_second_week, today + 4, gp.DISSENT),
    ]
    return coded


@dataclass(frozen=True)
class Chosen:
    """People (indices) to whom something is planned to happen."""

    dissents: tuple[int, ...]
    dissent_withdrawn: int
    dissent_same_day: int
    dissent_second_week: int
    dies: int
    deducted: int
    moves_within_supplier: int
    moves_across_suppliers: int

    @property
    def all(self) -> tuple[int, ...]:
        return (
            *self.dissents,
            self.dissent_withdrawn,
            self.dissent_same_day,
            self.dissent_second_week,
            self.dies,
            self.deducted,
            self.moves_within_supplier,
            self.moves_across_suppliers,
        )


@dataclass(frozen=True)
class Region:
    """All of it. The two generators are for what is drawn while it is sent."""

    as_of: date
    frame: Frame
    people: People
    traits: Traits
    lives: Lives
    chosen: Chosen
    spells: hospital.Spells
    attendances: Rows
    coded_events: Rows
    medication: Rows
    contacts: Rows
    care: social_care.CareEvents
    oracle: np.ndarray
    defects: np.random.Generator
    refresh: np.random.Generator

    @property
    def today(self) -> int:
        return day_number(self.as_of)
