"""One block of the region: its people and their lives, from the seed and the block's number alone."""

import zlib
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from pipeline.errors import UserError
from pipeline.synthetic.latent.live import keep_admissions, live
from pipeline.synthetic.latent.lives import Lives
from pipeline.synthetic.latent.process import month_starts
from pipeline.synthetic.latent.traits import Traits, draw_traits
from pipeline.synthetic.population.care import settle_care
from pipeline.synthetic.population.draw import draw_people
from pipeline.synthetic.population.frame import Frame, blocks
from pipeline.synthetic.population.lists import settle_lists
from pipeline.synthetic.population.people import NEVER, People, day_number

INDEX_STEP = 36  # the index date twelve months before the first night's


def draw_block(frame: Frame, number: int, *, seed: int, as_of: date) -> "Block":
    """People and lives of block `number` (see frame.blocks); each part has a stream of its own."""
    if not 0 <= number < len(blocks(frame)):
        raise UserError(
            f"There is no block {number}", where="region", next_step=f"name one from 0 to {len(blocks(frame)) - 1}"
        )

    def stream(part: str) -> np.random.Generator:
        return np.random.default_rng([seed, number, zlib.crc32(part.encode())])

    people = draw_people(frame, number, stream=stream, as_of=as_of)
    traits = draw_traits(people, rng=stream("traits"))
    lives = live(traits, starts=month_starts(as_of), rng=stream("lives"))
    people = settle_lists(people, frame, death=lives.death, rng=stream("lists"), as_of=as_of)
    people = settle_care(people, frame, starts=lives.starts, needs=lives.dependence, seed=seed, rng=stream("care"))
    lives = replace(lives, death=people.death, admissions=keep_admissions(lives, people.last_day, people.birth))
    return Block(number=number, seed=seed, as_of=as_of, frame=frame, people=people, lives=lives, traits=traits)


@dataclass(frozen=True)
class Block:
    """A part of the region: whole practices with everyone of them. Indices of people are the block's own."""

    number: int
    seed: int
    as_of: date
    frame: Frame
    people: People
    lives: Lives
    traits: Traits

    @property
    def today(self) -> int:
        return day_number(self.as_of)

    def rng(self, part: str) -> np.random.Generator:
        """A stream of random numbers for one part of what is drawn about this block."""
        return np.random.default_rng([self.seed, self.number, zlib.crc32(part.encode())])

    def admitted_within(self, first: int, end: int) -> np.ndarray:
        """Who has an emergency admission on a day from `first` up to, not including, `end`."""
        admissions = self.lives.admissions
        inside = (admissions.day >= first) & (admissions.day < end)
        found = np.zeros(self.people.count, dtype=bool)
        found[admissions.person[inside]] = True
        return found

    def died_within(self, first: int, end: int) -> np.ndarray:
        """Who dies on a day from `first` up to, not including, `end`."""
        death = self.people.death
        return np.asarray((death >= first) & (death < end) & (death < NEVER))
