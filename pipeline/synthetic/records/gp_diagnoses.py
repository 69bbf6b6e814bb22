"""Diagnoses as general practice codes them: a part of those who are ill, weeks to months after they fell ill.

Who joins a list brings a record along: its entries keep their dates and are told after the registration.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.synthetic.records.gp_entries import CARER_CODE, CodeBook, Part, entries
from pipeline.synthetic.records.rows import NEVER
from pipeline.synthetic.records.scene import Scene, read_reference

_DELAY_DAYS = 30
_REVIEWS_PER_MONTH = 0.035
_CARERS_RECORDED = 0.85
_TRANSFER_DAYS = 21


@dataclass(frozen=True)
class Diagnoses:
    """first: day of the first code by person and condition, NEVER for none; carer: the same for being a carer."""

    first: np.ndarray
    carer: np.ndarray


def draw_diagnoses(scene: Scene, rng: np.random.Generator) -> Diagnoses:
    """Which conditions are ever coded, and when: under-recorded as `recorded_share` of condition_onset.csv says."""
    lives, people = scene.lives, scene.people
    shares = {row["condition"]: float(row["recorded_share"]) for row in read_reference("condition_onset")}
    first = np.full((scene.count, len(lives.conditions)), NEVER, dtype=np.int64)
    for column, name in enumerate(lives.conditions):
        onset = lives.onset[:, column]
        ever = np.flatnonzero((onset < NEVER) & (rng.random(scene.count) < shares[name]))
        coded = onset[ever] + np.floor(rng.exponential(_DELAY_DAYS, len(ever))).astype(np.int64)
        first[ever, column] = np.maximum(scene.to_open_day(coded), people.birth[ever] + 1)
    carer = np.full(scene.count, NEVER, dtype=np.int64)
    cares = np.flatnonzero(people.is_carer & (rng.random(scene.count) < _CARERS_RECORDED))
    grown_up = people.birth[cares] + 18 * 366
    noted = people.carer_from[cares] + np.floor(rng.exponential(150, len(cares))).astype(np.int64)
    carer[cares] = scene.to_open_day(np.maximum(noted, grown_up))
    last = scene.last_day
    return Diagnoses(np.where(first <= last[:, None], first, NEVER), np.where(carer <= last, carer, NEVER))


def diagnoses(scene: Scene, coded: Diagnoses, book: CodeBook, rng: np.random.Generator) -> Iterator[Part]:
    """The first code of each recorded condition, the codes of later reviews, and carers."""
    codes = read_reference("record_condition_codes")
    for column, name in enumerate(scene.lives.conditions):
        chosen = [row for row in codes if row["condition"] == name]
        share = np.array([float(row["share"]) for row in chosen])
        places = book.places_of([row["snomed_code"] for row in chosen])
        first = coded.first[:, column]
        ever = np.flatnonzero(first < scene.end)
        code = places[rng.choice(len(chosen), len(ever), p=share / share.sum())]
        yield _brought_along(scene, ever, first[ever], code, rng)
        known = first < scene.lives.starts[:-1, None]
        person, day = scene.happenings(known * np.float32(_REVIEWS_PER_MONTH), rng=rng, weights=scene.clinic_hours)
        yield entries(person, day, int(places[0]))
    cares = np.flatnonzero(coded.carer < scene.end)
    yield _brought_along(scene, cares, coded.carer[cares], np.full(len(cares), book[CARER_CODE]), rng)


def dissents(given: Sequence[tuple[int, int, str]], book: CodeBook) -> Part:
    """Entries (person, day, code) that are given from outside."""
    person, day = (np.array([one[place] for one in given], dtype=np.int64) for place in range(2))
    return entries(person, day, book.places_of([code for _, _, code in given]))


def _brought_along(
    scene: Scene, person: np.ndarray, day: np.ndarray, code: np.ndarray, rng: np.random.Generator
) -> Part:
    joined = scene.first_day[person]
    transfer = joined + 1 + rng.integers(0, _TRANSFER_DAYS, len(person))
    told = np.where(day < joined, np.where(joined > scene.begin, transfer, day), day)
    kept = told <= scene.last_day[person]
    return entries(person[kept], day[kept], code[kept], told=told[kept])
