"""Who a sender says a person is: the number it uses, the practice of the day, and identifiers of its own.

Local identifiers are unique over blocks: each block has a range of its own.
"""

import numpy as np
import pyarrow as pa

from pipeline.synthetic.records.rows import picked
from pipeline.synthetic.records.scene import Scene

ELSEWHERE_CODES = ("V81997", "V81999", "F84006", "F82002", "E85005")
PEOPLE_RANGE = 1_000_000  # local numbers of people of one block
ROWS_RANGE = 100_000_000  # row numbers of one block and extract
# Who still uses a superseded number, and who knows a person under another valid one.
USES_SUPERSEDED = ("community", "social_care")
USES_OTHER = ("acute", "mental_health")


def nhs_numbers(scene: Scene, source: str) -> np.ndarray:
    """The NHS number each person goes by at the senders of a source (text, by person)."""
    people = scene.people
    numbers = people.nhs_number
    if source in USES_SUPERSEDED:
        numbers = np.where(people.superseded_nhs_number != "", people.superseded_nhs_number, numbers)
    if source in USES_OTHER:
        numbers = np.where(people.other_nhs_number != "", people.other_nhs_number, numbers)
    return numbers


def own_number(scene: Scene, person: np.ndarray, *, kind: int | np.ndarray = 0) -> np.ndarray:
    """A sender's own number of a person; kinds 0 to 4 are different numbers of one person."""
    return np.asarray((scene.block.number + 1) * PEOPLE_RANGE + kind * (PEOPLE_RANGE // 5) + person)


def row_number(scene: Scene, count: int) -> np.ndarray:
    """Numbers of the rows of one extract."""
    return np.arange(count, dtype=np.int64) + (scene.block.number + 1) * ROWS_RANGE


def practice_on(scene: Scene, person: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Index into the frame of the practice people are registered with on days; -1 for none of it."""
    people = scene.people
    earlier = (people.former_practice[person] >= 0) & (day < people.moved[person])
    return np.asarray(np.where(earlier, people.former_practice[person], people.practice[person]))


def practice_column(scene: Scene, person: np.ndarray, day: np.ndarray) -> pa.Array:
    """ODS codes of the practice of the day, as hospitals and councils write it."""
    codes = [*(practice.code for practice in scene.block.frame.practices), *ELSEWHERE_CODES]
    practice = practice_on(scene, person, day)
    elsewhere = len(codes) - len(ELSEWHERE_CODES) + scene.people.elsewhere_code[person]
    return picked(codes, np.where(practice < 0, elsewhere, practice))


def suppliers(scene: Scene) -> np.ndarray:
    """Sender of GP data of each practice of the frame; '' for none, and as last entry for people of no practice."""
    return np.array([practice.supplier or "" for practice in scene.block.frame.practices] + [""])


def lives_in(scene: Scene, boroughs: tuple[str, ...], person: np.ndarray) -> np.ndarray:
    """Whether people live in one of the boroughs."""
    return np.isin(scene.people.borough[person], boroughs)
