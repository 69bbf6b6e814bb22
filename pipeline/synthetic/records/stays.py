"""Stays in hospital as they really were: emergencies follow the latent process and nothing else.

Each emergency admission of the lives becomes one stay; its length gives way to the next admission, never the other way
round. Planned stays, births and transfers fit in between.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np

from pipeline.synthetic.records.diagnoses_icd import draw_codes
from pipeline.synthetic.records.external_causes import with_external_causes
from pipeline.synthetic.records.rows import NEVER
from pipeline.synthetic.records.scene import Scene
from pipeline.synthetic.records.senders import choose_trusts, has_outer_boroughs

METHODS = ("21", "22", "23", "24", "25", "2A", "2D", "28", "2B", "2C", "11", "12", "13", "31", "82")
OUTCOME_METHODS = METHODS[:8]
_EMERGENCY_SHARES = (0.72, 0.08, 0.01, 0.06, 0.01, 0.06, 0.05, 0.01)
TRANSFER, BORN_AT_HOME, ELECTIVE, MATERNITY, BIRTH = 8, 9, (10, 11, 12), 13, 14
_CODED_AT_ONCE, _CORRECTED_SHARE = 0.75, 0.03
_TRANSFER_DAYS, _TRANSFER_SHARE = 3, 0.015
_DIES_WITHIN = 14  # days after a discharge that would have been


@dataclass(frozen=True)
class Stays:
    """Stays in the order of admission. method and trust are indices; diagnoses: stay by position, -1 for none.

    turn: first day of the second episode or NEVER. coded, corrected: days on which diagnoses come in and are changed.
    first_primary: the primary diagnosis before the correction.
    """

    person: np.ndarray
    admitted: np.ndarray
    discharged: np.ndarray
    method: np.ndarray
    trust: np.ndarray
    died: np.ndarray
    turn: np.ndarray
    coded: np.ndarray
    corrected: np.ndarray
    first_primary: np.ndarray
    diagnoses: np.ndarray
    number: np.ndarray
    icd10: tuple[str, ...]

    def where(self, mask: np.ndarray) -> "Stays":
        chosen = {f.name: getattr(self, f.name)[mask] for f in fields(self) if f.name != "icd10"}
        return Stays(icd10=self.icd10, **chosen)

    @property
    def is_outcome(self) -> np.ndarray:
        """Emergency admissions as the outcome counts them: neither transfers (2B) nor births at home (2C)."""
        return self.method < len(OUTCOME_METHODS)


def draw_stays(scene: Scene) -> Stays:
    """Every stay: emergencies, transfers, electives, maternity and births."""
    rng = scene.block.rng
    emergency = _emergencies(scene, rng("stays_emergency"))
    planned = _fitted(_planned(scene, rng("stays_planned")), emergency)
    person, admitted, discharged, method = (np.concatenate(pair) for pair in zip(emergency, planned, strict=True))
    trust = choose_trusts(scene, person, rng("stays_trust"))
    death = scene.people.death[person]
    near = (death <= discharged + _DIES_WITHIN * (method < len(OUTCOME_METHODS))) & (death >= admitted)
    following = _next_admission(person, admitted)
    died = near & (following == NEVER)
    discharged = np.where(died, death, discharged)
    free_until = np.minimum(np.minimum(following, scene.last_day[person]), scene.end)
    moved = _transfers(admitted, discharged, method, died, free_until, rng("stays_transfer"))
    count, most = len(moved), 4 if has_outer_boroughs(scene) else 2
    columns = {
        "person": np.append(person, person[moved]),
        "admitted": np.append(admitted, discharged[moved]),
        "discharged": np.append(discharged, discharged[moved] + _TRANSFER_DAYS),
        "method": np.append(method, np.full(count, TRANSFER)),
        "trust": np.append(trust, (trust[moved] + 1) % most),
        "died": np.append(died, np.zeros(count, dtype=bool)),
    }
    order = np.lexsort((columns["trust"], columns["method"], columns["person"], columns["admitted"]))
    return _written(scene, {name: array[order] for name, array in columns.items()}, rng("stays_coding"))


def _written(scene: Scene, columns: dict[str, np.ndarray], rng: np.random.Generator) -> Stays:
    """The stays with their episodes and diagnoses, and the days on which these become known."""
    count = len(columns["person"])
    admitted, discharged = columns["admitted"], columns["discharged"]
    splits = (discharged - admitted > 3) & (rng.random(count) < 0.25)
    at_once = rng.random(count) < _CODED_AT_ONCE
    delay = np.where(at_once, rng.integers(0, 6, count), 6 + np.floor(rng.exponential(12, count))).astype(np.int64)
    coded = discharged + np.minimum(delay, 50)
    is_corrected = rng.random(count) < _CORRECTED_SHARE
    corrected = np.where(is_corrected, coded + rng.integers(15, 45, count), NEVER)
    codes, diagnoses = draw_codes(scene, columns["person"], admitted, columns["method"], rng)
    codes, diagnoses = with_external_causes(scene, codes, diagnoses, person=columns["person"], admitted=admitted)
    # What a corrected stay was first coded as: a sign or symptom, not a diagnosis.
    first = np.where(is_corrected, codes.index("R69X"), diagnoses[:, 0])
    return Stays(
        **columns,
        turn=np.where(splits, admitted + 2, NEVER),
        coded=coded,
        corrected=corrected,
        first_primary=first,
        diagnoses=diagnoses,
        number=np.arange(count),
        icd10=codes,
    )


def _emergencies(scene: Scene, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """person, admitted, discharged, method; in the order of people and days, two on one day are one."""
    drawn = scene.lives.admissions
    inside = scene.is_here(drawn.person, drawn.day)
    key = np.unique(drawn.person[inside].astype(np.int64) * 2**20 + drawn.day[inside])
    person, day = key >> 20, key & (2**20 - 1)
    age = np.maximum((day - scene.people.birth[person]) / 365.25, 0)
    needs, frailty = (scene.at(getattr(scene.lives, name), person, day) for name in ("dependence", "frailty"))
    same_day = rng.random(len(person)) < np.clip(0.6 - 0.0035 * age - 0.05 * needs, 0.12, 0.65)
    mean = (1.0 + 0.05 * age + 1.1 * needs) * np.exp(0.1 * frailty)
    stay = np.where(same_day, 0, 1 + np.floor(rng.exponential(np.minimum(mean, 25)))).astype(np.int64)
    following = np.append(np.where(person[1:] == person[:-1], day[1:], NEVER), NEVER)[: len(day)]
    method = rng.choice(len(OUTCOME_METHODS), len(person), p=_EMERGENCY_SHARES)
    return person, day, np.minimum(day + stay, following - 1), method


def _planned(scene: Scene, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    parts = list(_planned_parts(scene, rng))
    return tuple(np.concatenate([part[place] for part in parts]) for place in range(4))


def _planned_parts(scene: Scene, rng: np.random.Generator) -> Iterator[tuple[np.ndarray, ...]]:
    age, people = scene.age, scene.people
    by_age = np.interp(age, [0, 20, 60, 80], [0.3, 0.6, 1.9, 2.3])
    rate = 0.0075 * np.exp(0.3 * scene.lives.frailty) * by_age + 0.03 * scene.has("cancer")
    person, day = scene.happenings(rate, rng=rng, weights=scene.clinic_hours)
    stay = np.where(rng.random(len(person)) < 0.72, 0, 1 + rng.poisson(1.6, len(person)))
    yield person, day, day + stay, rng.choice(np.array(ELECTIVE), len(person), p=(0.55, 0.3, 0.15))
    fertile = people.is_female & (age > 18) & (age < 44)
    person, day = scene.happenings(np.float32(0.0032) * fertile, rng=rng)
    yield person, day, day + 1 + rng.poisson(1.0, len(person)), np.full(len(person), MATERNITY)
    born = np.flatnonzero(
        (people.birth >= scene.begin)
        & (people.birth < scene.end)
        & (people.practice >= 0)
        & (rng.random(scene.count) < 0.9)
    )
    home = rng.random(len(born)) < 0.02
    yield born, people.birth[born], people.birth[born] + 1, np.where(home, BORN_AT_HOME, BIRTH)


def _fitted(planned: tuple[np.ndarray, ...], emergency: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    """Planned stays without those that fall into another stay; others end before the next emergency."""
    person, admitted, discharged, method = planned
    order = np.lexsort((admitted, person))
    person, admitted, discharged, method = (array[order] for array in (person, admitted, discharged, method))
    before = np.r_[False, (person[1:] == person[:-1]) & (admitted[1:] <= discharged[:-1] + 1)]
    keys = np.r_[emergency[0] * 2**20 + emergency[1], np.int64(2**62)]
    place = np.searchsorted(keys, person * 2**20 + admitted, side="right")
    last = np.maximum(place - 1, 0)
    ends = np.r_[emergency[2], 0][last]
    inside = (place > 0) & (np.r_[emergency[0], -1][last] == person) & (ends >= admitted)
    following = np.where(np.r_[emergency[0], -1][place] == person, np.r_[emergency[1], 0][place], NEVER)
    discharged = np.maximum(np.minimum(discharged, following - 1), admitted)
    kept = ~(before | inside)
    return person[kept], admitted[kept], discharged[kept], method[kept]


def _next_admission(person: np.ndarray, admitted: np.ndarray) -> np.ndarray:
    """The day of each stay's next one of the same person, NEVER for none."""
    order = np.lexsort((admitted, person))
    following = np.full(len(order), NEVER, dtype=np.int64)
    same = person[order][1:] == person[order][:-1]
    following[order[:-1][same]] = admitted[order[1:][same]]
    return following


def _transfers(
    admitted: np.ndarray,
    discharged: np.ndarray,
    method: np.ndarray,
    died: np.ndarray,
    free_until: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Stays that go on in another hospital, where nothing else happens to the person until then."""
    long = (method < len(OUTCOME_METHODS)) & (discharged > admitted + 2) & ~died
    goes_on = discharged + _TRANSFER_DAYS < free_until
    return np.flatnonzero(long & goes_on & (rng.random(len(admitted)) < _TRANSFER_SHARE))
