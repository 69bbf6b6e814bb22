"""Contacts with a practice and what is noted at them: symptoms, falls and other signs of frailty, smoking.

Every stream of record_gp_streams.csv is a Poisson process, log-linear in the latent state: each alone says little.
"""

from collections.abc import Iterator

import numpy as np

from pipeline.synthetic.records.gp_entries import (
    CARE_HOME_CODE,
    CONTACT_CODES,
    FRAILTY_CODES,
    HOUSEBOUND,
    SMOKING_CODES,
    CodeBook,
    Part,
    entries,
)
from pipeline.synthetic.records.rows import NEVER
from pipeline.synthetic.records.scene import Scene, log_linear, read_reference

_SURGERY, _TELEPHONE, _HOME = range(3)
# Dependence from which a practice may note a degree of frailty, and the share of people it ever does it for.
_FRAILTY_LEVELS, _FRAILTY_SHARE, _HOUSEBOUND_LEVEL, _HOUSEBOUND_SHARE = (0.8, 1.7, 2.8), 0.3, 2.5, 0.3


def contacts(scene: Scene, book: CodeBook, rng: np.random.Generator) -> Iterator[Part]:
    """Consultations in the surgery, by telephone and at home; more of them after an acute deterioration."""
    row = next(row for row in read_reference("record_gp_streams") if row["stream"] == "contact")
    habit = scene.block.traits.contact_habit
    by_age = np.interp(scene.age, [0, 2, 6, 16, 30, 50], [2.2, 1.7, 0.8, 0.6, 0.85, 1.0])
    rate = log_linear(scene, row) * habit * by_age * (1 + 0.1 * scene.illnesses)
    person, day = scene.happenings(rate, rng=rng, weights=scene.office_hours)
    worse, then = scene.after_shocks(0.5, mean_delay=9, rng=rng)
    person, day = np.append(person, worse), np.append(day, scene.to_open_day(then))
    needs = scene.at(scene.lives.dependence, person, day)
    at_home = rng.random(len(person)) < np.minimum(0.012 + 0.03 * needs, 0.3)
    by_telephone = rng.random(len(person)) < 0.3
    kind = np.where(at_home, _HOME, np.where(by_telephone, _TELEPHONE, _SURGERY))
    yield entries(person, day, book.places_of(CONTACT_CODES)[kind])


def findings(scene: Scene, book: CodeBook, rng: np.random.Generator) -> Iterator[Part]:
    """Symptoms and signs, a Poisson stream each; some reach the record by letter, weeks later."""
    codes = read_reference("record_gp_codes")
    for row in read_reference("record_gp_streams"):
        if row["stream"] == "contact":
            continue
        chosen = [one for one in codes if one["stream"] == row["stream"]]
        weight = np.array([float(one["weight"]) for one in chosen])
        person, day = scene.happenings(log_linear(scene, row), rng=rng, weights=scene.office_hours)
        places = book.places_of([one["snomed_code"] for one in chosen])
        code = places[rng.choice(len(chosen), len(person), p=weight / weight.sum())]
        by_letter = rng.random(len(person)) < 0.08
        told = np.where(by_letter, scene.to_open_day(day + rng.integers(5, 40, len(person))), day)
        yield entries(person, day, code, told=told)


def smoking(scene: Scene, book: CodeBook, rng: np.random.Generator) -> Iterator[Part]:
    """Smoking status of grown-ups, now and then; some who smoke are noted as having stopped."""
    status = scene.block.traits.smoking
    person, day = scene.happenings((scene.age >= 16) * np.float32(0.02), rng=rng, weights=scene.office_hours)
    stopped = (status[person] == 2) & (rng.random(len(person)) < 0.06)
    yield entries(person, day, book.places_of(SMOKING_CODES)[np.where(stopped, 1, status[person])])


def degrees_of_frailty(scene: Scene, book: CodeBook, rng: np.random.Generator) -> Iterator[Part]:
    """Degree of frailty, housebound, life in a care home: a practice's view, late, blurred and partial."""
    blur = 0.6 * rng.standard_normal(scene.count).astype(np.float32)
    seen = scene.lives.dependence + 0.35 * scene.lives.frailty + blur
    levels = [*zip(FRAILTY_CODES, _FRAILTY_LEVELS, strict=True), (HOUSEBOUND, _HOUSEBOUND_LEVEL)]
    graded = rng.random(scene.count) < _FRAILTY_SHARE
    for code, level in levels:
        share = rng.random(scene.count) < _HOUSEBOUND_SHARE if code == HOUSEBOUND else graded
        beyond = (seen >= level) & (scene.age >= 60)
        ever = np.flatnonzero(beyond.any(axis=0) & share)
        day = scene.lives.starts[beyond[:, ever].argmax(axis=0)] + rng.integers(0, 150, len(ever))
        yield _if_here(scene, ever, day, book[code])
    moved_in = scene.people.care_home_from
    ever = np.flatnonzero((moved_in < NEVER) & (rng.random(scene.count) < 0.6))
    yield _if_here(
        scene, ever, np.maximum(moved_in[ever], scene.begin) + rng.integers(0, 60, len(ever)), book[CARE_HOME_CODE]
    )


def _if_here(scene: Scene, person: np.ndarray, day: np.ndarray, code: int) -> Part:
    day = scene.to_open_day(day)
    inside = scene.is_here(person, day) & (day < scene.end)
    return entries(person[inside], day[inside], code)
