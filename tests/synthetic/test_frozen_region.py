"""The region is frozen (docs/decisions/0007): its outcomes and its oracle may never change unnoticed.

Two thousand people of one seed. A failure here means that the invented world itself has changed, not what is recorded
of it: then every figure measured on it before is void. Do not mend the digest; mend what changed the world.
"""

import hashlib
from datetime import date

import numpy as np
import pytest

from pipeline.synthetic.latent.block import INDEX_STEP, Block, draw_block
from pipeline.synthetic.latent.oracle import HORIZON, expected_admission
from pipeline.synthetic.population.frame import load_frame

OUTCOMES = "a2193b2a485548ddd866bf7097981c97711954810de5e0db5597e45f9669f686"
ORACLE = "d0a37d017c8b3505e3eb61186d0c3098ea34c31726fe9504b28efd9093637a37"
# For a person to read: people registered on the index date, those admitted in the year after it, and the mean chance.
REGISTERED, ADMITTED, MEAN_CHANCE = 1912, 148, 0.08418169
# Chances are graded in hundredths from here: the place where nobody of the two thousand is near an edge between two
# grades, so that the last bits of another processor's exponential change no grade.
GRADES_FROM = 0.0054


@pytest.fixture(scope="module")
def block() -> Block:
    return draw_block(load_frame(2_000), 0, seed=20261116, as_of=date(2026, 11, 15))


@pytest.fixture(scope="module")
def registered(block: Block) -> np.ndarray:
    return np.flatnonzero(block.people.registered_on(int(block.lives.starts[INDEX_STEP]) - 1))


@pytest.fixture(scope="module")
def chances(block: Block, registered: np.ndarray) -> np.ndarray:
    return expected_admission(block, registered, replays=1_000)


def _digest(lines: list[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def test_who_is_admitted_and_who_dies_when_is_what_it_was(block: Block, registered: np.ndarray) -> None:
    first, end = int(block.lives.starts[INDEX_STEP]), int(block.lives.starts[INDEX_STEP + HORIZON])
    people, admissions = block.people, block.lives.admissions
    assert len(registered) == REGISTERED
    assert int(block.admitted_within(first, end)[registered].sum()) == ADMITTED
    lines = [f"{p} {people.birth[p]} {people.death[p]} {people.left[p]}" for p in registered]
    lines += [f"{person} {day}" for person, day in zip(admissions.person, admissions.day, strict=True)]
    assert _digest(lines) == OUTCOMES


def test_the_oracle_gives_the_chances_it_gave(registered: np.ndarray, chances: np.ndarray) -> None:
    assert chances.mean() == pytest.approx(MEAN_CHANCE, abs=1e-6)
    assert _digest(_graded(registered, chances)) == ORACLE


def test_nobody_is_near_the_edge_of_a_grade(chances: np.ndarray) -> None:
    within = (chances - GRADES_FROM) * 100 % 1 / 100
    assert np.minimum(within, 0.01 - within).min() > 5e-6


def test_the_guard_sees_a_small_change(registered: np.ndarray, chances: np.ndarray) -> None:
    """One person's chance a hundredth higher is another digest, everybody's a thousandth part higher another mean."""
    changed = chances.copy()
    changed[7] += 0.01
    assert _digest(_graded(registered, changed)) != ORACLE
    assert abs(chances.mean() * 1.001 - MEAN_CHANCE) > 1e-6


def _graded(people: np.ndarray, chances: np.ndarray) -> list[str]:
    grades = np.floor((chances - GRADES_FROM) * 100).astype(int)
    return [f"{person} {grade}" for person, grade in zip(people, grades, strict=True)]
