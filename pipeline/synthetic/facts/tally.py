"""One person's line in the facts, block by block: who they were on the index date, what came, what was recorded.

Nothing is written to disk; a block's lives and records are dropped once it is counted.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date

import numpy as np

from pipeline.synthetic.facts.spend import yearly_spend
from pipeline.synthetic.latent.block import INDEX_STEP, Block, draw_block
from pipeline.synthetic.latent.oracle import HORIZON, REPLAYS, expected_admission
from pipeline.synthetic.population.frame import NO_AGREEMENT, blocks, load_frame
from pipeline.synthetic.records import Records, write_records
from pipeline.synthetic.records.social_care import SERVICE

YEAR = 365
# The published cohort: people with any acute contact or prescription in the twelve months before.
CONTACTS = ("gp_medication", "acute_apc", "acute_ecds", "acute_outpatient")
# Conditions that do not by themselves take a person out of the mostly healthy.
MILD = ("asthma", "depression", "hypertension", "obesity")
SEVERE = ("palliative", "dementia", "heart_failure", "severe_mental_illness", "learning_disability")
MANY = 5  # conditions that make a person severe and complex whatever they are
_SHORT_TERM = 84  # days; reablement is over by then


def tally_region(people: int, *, seed: int, as_of: date, replays: int = REPLAYS) -> "Tally":
    """Everyone registered on the index date twelve months before the first night, over all blocks."""
    frame = load_frame(people)
    parts = list(_blocks(people, seed=seed, as_of=as_of, replays=replays))
    joined = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts])
        for field in fields(Tally)
        if field.name not in ("conditions", "practices")
    }
    return Tally(conditions=parts[0].conditions, practices=len(frame.practices), **joined)


def _blocks(people: int, *, seed: int, as_of: date, replays: int) -> Iterator["Tally"]:
    frame = load_frame(people)
    for number in range(len(blocks(frame))):
        block = draw_block(frame, number, seed=seed, as_of=as_of)
        yield tally_block(block, write_records(block), replays=replays)


def tally_block(block: Block, records: Records, *, replays: int) -> "Tally":
    """The lines of one block; `replays` of the oracle, 0 for none (its column is then the hazard on the index date)."""
    lives, people = block.lives, block.people
    first, end = int(lives.starts[INDEX_STEP]), int(lives.starts[INDEX_STEP + HORIZON])
    who = np.flatnonzero(people.registered_on(first - 1))
    coded = records.first_coded < first
    oracle = expected_admission(block, who, replays=replays) if replays else lives.hazard[INDEX_STEP, who]
    names = tuple(practice.code for practice in block.frame.practices)
    seen = np.array([code != NO_AGREEMENT for code in names])[people.practice]
    return Tally(
        conditions=lives.conditions,
        practices=len(names),
        age=((first - people.birth) / 365.25)[who],
        is_female=people.is_female[who],
        decile=people.decile[who],
        admitted=block.admitted_within(first, end)[who],
        died=block.died_within(first, end)[who],
        has_contact=_contact(records, first, people.count)[who],
        has_gp_record=seen[who],
        coded=coded[who],
        is_coded_carer=(records.coded.carer < first)[who],
        oracle=np.asarray(oracle, dtype=np.float64),
        spend=yearly_spend(records, first - YEAR, first)[who],
        has_long_term_care=_long_term_care(records, first, people.count)[who],
    )


def _contact(records: Records, first: int, count: int) -> np.ndarray:
    found = np.zeros(count, dtype=bool)
    for extract in CONTACTS:
        person, day = records.happened(extract)
        found[person[(day >= first - YEAR) & (day < first)]] = True
    return found


def _long_term_care(records: Records, first: int, count: int) -> np.ndarray:
    """Whether a council's long-term service runs on the index date."""
    care = records.care
    runs = (care.start < first) & (care.end > first) & (care.event == SERVICE) & ~care.is_carer
    found = np.zeros(count, dtype=bool)
    found[care.person[runs & (care.end - care.start > _SHORT_TERM)]] = True
    return found


@dataclass(frozen=True)
class Tally:
    """One entry per person registered on the index date. coded: first code before it, by person and condition.

    has_contact: the published cohort's definition. spend: GBP in the year before. oracle: probability of admission.
    """

    conditions: tuple[str, ...]
    practices: int
    age: np.ndarray
    is_female: np.ndarray
    decile: np.ndarray
    admitted: np.ndarray
    died: np.ndarray
    has_contact: np.ndarray
    has_gp_record: np.ndarray
    coded: np.ndarray
    is_coded_carer: np.ndarray
    oracle: np.ndarray
    spend: np.ndarray
    has_long_term_care: np.ndarray

    @property
    def segment(self) -> np.ndarray:
        """0 mostly healthy, 1 chronic conditions, 2 severe and complex: from recorded facts alone."""
        mild = np.isin(self.conditions, MILD)
        severe = self.coded[:, np.isin(self.conditions, SEVERE)].any(axis=1) | self.has_long_term_care
        severe |= self.coded.sum(axis=1) >= MANY
        chronic = self.coded[:, ~mild].any(axis=1) | (self.coded[:, mild].sum(axis=1) >= 2)
        return np.where(severe, 2, chronic.astype(int))
