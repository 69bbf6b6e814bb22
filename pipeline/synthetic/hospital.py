"""What hospitals write down: stays (Commissioning Data Set 130) and emergency attendances (011).

Admissions follow the latent hazard and nothing else. A stay is written as it was known on a day: without its end
and diagnosis while it lasts.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa

from pipeline.synthetic.frame import HARINGEY, ISLINGTON, Frame, read_reference
from pipeline.synthetic.hidden import Lives, Traits
from pipeline.synthetic.people import ELSEWHERE_CODES, NEVER, People
from pipeline.synthetic.rows import Part, Rows, blanked, dates, draw_happenings, numbered, picked, same, state_at

TRUSTS = ("RKE", "RAP")
METHODS = ("21", "22", "23", "24", "25", "2A", "2D", "28", "2B", "2C", "11", "12", "13", "31", "82")
_EMERGENCY_SHARES = (0.72, 0.08, 0.01, 0.06, 0.01, 0.06, 0.05, 0.01)
OUTCOME_METHODS = ("21", "22", "23", "24", "25", "2A", "2D", "28")
_TRANSFER, _BORN_AT_HOME, _ELECTIVE, _MATERNITY, _BIRTH = 8, 9, (10, 11, 12), 13, 14
_ELECTIVE_ICD = ("H269", "K409", "M171", "K635", "D122", "N201", "C509")
_MATERNITY_ICD, _BIRTH_ICD = "O809", "Z380"
NO_CODE = -1


def draw_spells(people: People, lives: Lives, traits: Traits, *, rng: np.random.Generator) -> "Spells":
    """Every stay, in the order of admission: emergencies, transfers, electives, maternity and births."""
    emergency = draw_happenings(lives.hazard, people, lives, rng=rng)
    method = rng.choice(8, len(emergency[0]), p=_EMERGENCY_SHARES)
    needs = state_at(lives.dependence, lives, *emergency)
    age = np.maximum((emergency[1] - people.birth[emergency[0]]) / 365.25, 0)
    stay = np.floor(rng.exponential(0.7 + 0.055 * age + 0.9 * needs)).astype(np.int64)
    parts = [
        (*emergency, emergency[1] + stay, method),
        *_planned(people, lives, traits, rng),
    ]
    person, admitted, discharged, method = (np.concatenate([part[i] for part in parts]) for i in range(4))
    apart = _not_overlapping(person, admitted, discharged)
    person, admitted, discharged, method = person[apart], admitted[apart], discharged[apart], method[apart]
    # Most who die within a stay, or within a few days after one, die in hospital.
    died = (people.death[person] <= discharged + 3) & (people.death[person] >= admitted)
    discharged = np.where(died, people.death[person], discharged)
    trust = _choose_trust(people, person, rng)
    moved_on = (method < 8) & (discharged > admitted + 2) & (rng.random(len(person)) < 0.015) & ~died
    columns = {
        "person": np.append(person, person[moved_on]),
        "admitted": np.append(admitted, discharged[moved_on]),
        "discharged": np.append(discharged, discharged[moved_on] + 3),
        "method": np.append(method, np.full(moved_on.sum(), _TRANSFER)),
        "trust": np.append(trust, 1 - trust[moved_on]),
        "died": np.append(died, np.zeros(moved_on.sum(), dtype=bool)),
    }
    order = np.lexsort((columns["trust"], columns["method"], columns["person"], columns["admitted"]))
    columns = {name: array[order] for name, array in columns.items()}
    codes, diagnoses = _diagnose(columns["person"], columns["admitted"], columns["method"], lives, traits, rng)
    count = len(order)
    return Spells(
        **columns,
        diagnoses=diagnoses,
        icd10=codes,
        number=np.arange(count),
        splits=(columns["discharged"] - columns["admitted"] > 3) & (rng.random(count) < 0.25),
        is_coded_late=rng.random(count) < 0.2,
    )


def episode_rows(
    spells: "Spells", people: People, frame: Frame, *, known: int, applicable: str, uncoded_since: int
) -> Rows:
    """acute_apc rows of these spells as known on a day; `applicable` is their stamp.

    Ends after `known` are not written; stays that ended on or after `uncoded_since` may still lack diagnoses.
    """
    index = np.concatenate([np.arange(len(spells.person)), np.flatnonzero(spells.splits)])
    first = np.arange(len(index)) < len(spells.person)
    order = np.lexsort((~first, index))
    index, first = index[order], first[order]
    person, admitted, discharged = spells.person[index], spells.admitted[index], spells.discharged[index]
    split = spells.splits[index]
    turn = np.where(split, admitted + 2, NEVER)
    open_still = discharged > known
    started = first | (turn <= known)
    index, first, person, admitted, discharged, split, turn, open_still = (
        a[started] for a in (index, first, person, admitted, discharged, split, turn, open_still)
    )
    known_end = np.where(open_still, NEVER, discharged)
    episode_end = np.where(first & split, np.where(turn <= known, turn, NEVER), known_end)
    uncoded = open_still | (spells.is_coded_late[index] & (discharged >= uncoded_since))
    method = spells.method[index]
    count = len(index)
    diagnosis = {
        f"SECONDARY DIAGNOSIS (ICD) {k}" if k else "PRIMARY DIAGNOSIS (ICD)": _diagnosis_column(
            spells, index, k, uncoded
        )
        for k in range(4)
    }
    planned = np.isin(method, _ELECTIVE)
    columns = {
        "CDS UNIQUE IDENTIFIER": _cds_identifier(spells.trust[index], 2 * spells.number[index] + ~first),
        "CDS UPDATE TYPE": same("9", count),
        "CDS APPLICABLE DATE TIME": same(applicable, count),
        **person_columns(people, frame, person),
        "ORGANISATION CODE (CODE OF PROVIDER)": picked(TRUSTS, spells.trust[index]),
        "HOSPITAL PROVIDER SPELL NUMBER": numbered("", 100_000 + spells.number[index], width=9),
        "PATIENT CLASSIFICATION CODE": picked(("1", "2"), planned & (discharged == admitted)),
        "ADMISSION METHOD CODE": picked(METHODS, method),
        "SOURCE OF ADMISSION": picked(("19", "51"), method == _TRANSFER),
        "START DATE (HOSPITAL PROVIDER SPELL)": dates(admitted),
        "DISCHARGE DATE": dates(known_end),
        "DISCHARGE METHOD": blanked(picked(("1", "4"), spells.died[index]), open_still),
        "EPISODE NUMBER": numbered("", np.where(first, 1, 2)),
        "START DATE (EPISODE)": dates(np.where(first, admitted, turn)),
        "END DATE (EPISODE)": dates(episode_end),
        "TREATMENT FUNCTION CODE": picked(("300", "100", "501", "430"), np.where(method == _MATERNITY, 2, planned + 0)),
        **diagnosis,
    }
    changed = np.where(open_still, admitted, discharged)
    return Rows(pa.table(columns), person, changed, np.array(TRUSTS)[spells.trust[index]])


def draw_attendances(people: People, frame: Frame, lives: Lives, spells: "Spells", *, rng: np.random.Generator) -> Rows:
    """acute_ecds: attendances that ended in a stay, and the many that did not. The rows' applicable stamps are null."""
    age = (lives.starts[:-1, None] - people.birth) / 365.25
    by_age = np.interp(age, [0, 3, 10, 20, 30, 60, 80], [1.8, 1.6, 0.9, 1.1, 1.0, 0.8, 1.1])
    rate = 0.017 * by_age * np.exp(0.4 * lives.matrix("frailty") + 0.5 * lives.matrix("instability"))
    rate = rate * np.exp(0.06 * (5.5 - people.decile)) * (1 + 0.15 * lives.dependence)
    person, day = draw_happenings(rate, people, lives, rng=rng)
    stays = np.flatnonzero(spells.method == 0)
    trust = np.append(_choose_trust(people, person, rng), spells.trust[stays])
    kind = np.append(rng.choice(4, len(person), p=(0.66, 0.02, 0.25, 0.07)), np.zeros(len(stays), dtype=np.int64))
    person, day = np.append(person, spells.person[stays]), np.append(day, spells.admitted[stays])
    order = np.lexsort((trust, kind, person, day))
    person, day, trust, kind = person[order], day[order], trust[order], kind[order]
    count = len(person)
    category = np.where(kind == 0, rng.choice(4, count, p=(0.93, 0.03, 0.02, 0.02)), 0)
    complaints = read_reference("complaints")
    weights = np.array([float(row["weight"]) for row in complaints])
    complaint = rng.choice(len(complaints), count, p=weights / weights.sum())
    columns = {
        "CDS UNIQUE IDENTIFIER": _cds_identifier(trust, 500_000_000 + np.arange(count)),
        "CDS UPDATE TYPE": same("9", count),
        "CDS APPLICABLE DATE TIME": pa.nulls(count, pa.string()),
        **person_columns(people, frame, person),
        "ORGANISATION CODE (CODE OF PROVIDER)": picked(TRUSTS, trust),
        "ORGANISATION SITE IDENTIFIER (OF TREATMENT)": picked([f"{code}01" for code in TRUSTS], trust),
        "EMERGENCY CARE DEPARTMENT TYPE": picked(("01", "02", "03", "04"), kind),
        "EMERGENCY CARE ATTENDANCE IDENTIFIER": numbered("E", 10_000 + np.arange(count), width=8),
        "EMERGENCY CARE ATTENDANCE CATEGORY": picked(("1", "2", "3", "4"), category),
        "EMERGENCY CARE ARRIVAL DATE": dates(day),
        "EMERGENCY CARE DEPARTURE DATE": dates(day),
        "EMERGENCY CARE CHIEF COMPLAINT (SNOMED CT)": picked([row["snomed_code"] for row in complaints], complaint),
    }
    return Rows(pa.table(columns), person, day, np.array(TRUSTS)[trust])


def person_columns(people: People, frame: Frame, person: np.ndarray) -> dict[str, pa.Array]:
    """Who a hospital says the person is."""
    codes = [*(practice.code for practice in frame.practices), *ELSEWHERE_CODES]
    elsewhere = len(frame.practices) + people.elsewhere_code[person]
    practice = np.where(people.practice[person] < 0, elsewhere, people.practice[person])
    return {
        "NHS NUMBER": picked(people.nhs_number, person),
        "NHS NUMBER STATUS INDICATOR CODE": same("01", len(person)),
        "PERSON BIRTH DATE": dates(people.birth[person]),
        "POSTCODE OF USUAL ADDRESS": picked(people.postcode, person),
        "GENERAL MEDICAL PRACTICE CODE (PATIENT REGISTRATION)": picked(codes, practice),
    }


def _planned(people: People, lives: Lives, traits: Traits, rng: np.random.Generator) -> Iterator[Part]:
    age = (lives.starts[:-1, None] - people.birth) / 365.25
    cancer = lives.condition(traits.conditions.index("cancer"))
    rate = 0.0045 * np.exp(0.25 * lives.matrix("frailty")) * np.interp(age, [0, 20, 60, 80], [0.3, 0.6, 1.9, 2.3])
    person, day = draw_happenings(rate + 0.03 * cancer, people, lives, rng=rng)
    stay = np.where(rng.random(len(person)) < 0.72, 0, 1 + rng.poisson(1.6, len(person)))
    yield person, day, day + stay, rng.choice(np.array(_ELECTIVE), len(person), p=(0.55, 0.3, 0.15))
    person, day = draw_happenings(0.0032 * people.is_female * ((age > 18) & (age < 44)), people, lives, rng=rng)
    yield person, day, day + 1 + rng.poisson(1.0, len(person)), np.full(len(person), _MATERNITY)
    born = np.flatnonzero((people.birth >= lives.starts[0]) & (people.practice >= 0) & (rng.random(people.count) < 0.9))
    home = rng.random(len(born)) < 0.02
    yield born, people.birth[born], people.birth[born] + 1, np.where(home, _BORN_AT_HOME, _BIRTH)


def _not_overlapping(person: np.ndarray, admitted: np.ndarray, discharged: np.ndarray) -> np.ndarray:
    order = np.lexsort((discharged, admitted, person))
    kept, last_person, busy_until = [], -1, -1
    for index in order.tolist():
        if person[index] != last_person:
            last_person, busy_until = person[index], -1
        if admitted[index] > busy_until:
            kept.append(index)
            busy_until = discharged[index]
    return np.array(kept, dtype=np.int64)


def _choose_trust(people: People, person: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    borough = people.borough[person]
    near_second = np.where(borough == ISLINGTON, 0.06, np.where(borough == HARINGEY, 0.55, 0.35))
    return (rng.random(len(person)) < near_second).astype(np.int64)


def _diagnose(
    person: np.ndarray, admitted: np.ndarray, method: np.ndarray, lives: Lives, traits: Traits, rng: np.random.Generator
) -> tuple[tuple[str, ...], np.ndarray]:
    """ICD-10 codes in use, and for each stay the indices of its primary and up to three secondary diagnoses."""
    causes, conditions = read_reference("admission_causes"), read_reference("conditions")
    step = np.clip(np.searchsorted(lives.starts, admitted, side="right") - 1, 0, len(lives.states) - 1)
    has = np.array([state.has for state in lives.states])[step, person]
    weight = np.empty((len(person), len(causes)))
    for column, row in enumerate(causes):
        related = [traits.conditions.index(name) for name in row["conditions"].split(";") if name]
        times = np.exp(float(row["log_weight_if_present"]) * has[:, related].any(axis=1)) if related else 1.0
        weight[:, column] = float(row["weight"]) * times
    chosen = (weight.cumsum(axis=1) < (rng.random(len(person)) * weight.sum(axis=1))[:, None]).sum(axis=1)
    per_cause = [row["icd10"].split(";") for row in causes]
    codes = tuple(
        sorted(
            {code for group in per_cause for code in group}
            | set(_ELECTIVE_ICD)
            | {_MATERNITY_ICD, _BIRTH_ICD}
            | {row["icd10_secondary"] for row in conditions}
        )
    )
    place = {code: index for index, code in enumerate(codes)}
    longest = max(map(len, per_cause))
    lookup = np.array([[place[group[k % len(group)]] for k in range(longest)] for group in per_cause])
    primary = lookup[chosen, rng.integers(0, longest, len(person))]
    elective = np.array([place[code] for code in _ELECTIVE_ICD])[rng.integers(0, len(_ELECTIVE_ICD), len(person))]
    primary = np.where(np.isin(method, _ELECTIVE), elective, primary)
    primary = np.where(method == _MATERNITY, place[_MATERNITY_ICD], primary)
    primary = np.where((method == _BIRTH) | (method == _BORN_AT_HOME), place[_BIRTH_ICD], primary)
    # Up to three of the person's diseases, as coders find them in the notes.
    noted = np.where(has & (rng.random(has.shape) < 0.85), rng.random(has.shape), 2.0)
    ranked = np.argsort(noted, axis=1, kind="stable")[:, :3]
    secondary_codes = np.array([place[row["icd10_secondary"]] for row in conditions])
    secondary = np.where(np.take_along_axis(noted, ranked, axis=1) < 2.0, secondary_codes[ranked], NO_CODE)
    return codes, np.column_stack([primary, secondary])


def _diagnosis_column(spells: "Spells", index: np.ndarray, position: int, uncoded: np.ndarray) -> pa.Array:
    code = spells.diagnoses[index, position]
    return blanked(picked(spells.icd10, np.maximum(code, 0)), uncoded | (code == NO_CODE))


def _cds_identifier(trust: np.ndarray, number: np.ndarray) -> pa.Array:
    import pyarrow.compute as pc

    return pc.binary_join_element_wise(
        picked([f"B{code}" for code in TRUSTS], trust), numbered("", number, width=10), ""
    )


@dataclass(frozen=True)
class Spells:
    """Stays in the order of admission. method and trust are indices; diagnoses is stay by position (-1 none)."""

    person: np.ndarray
    admitted: np.ndarray
    discharged: np.ndarray
    method: np.ndarray
    trust: np.ndarray
    died: np.ndarray
    diagnoses: np.ndarray
    icd10: tuple[str, ...]
    number: np.ndarray
    splits: np.ndarray
    is_coded_late: np.ndarray

    def where(self, mask: np.ndarray) -> "Spells":
        picked_arrays = {f.name: getattr(self, f.name)[mask] for f in fields(self) if f.name != "icd10"}
        return Spells(icd10=self.icd10, **picked_arrays)

    @property
    def is_outcome(self) -> np.ndarray:
        """Emergency admissions as the outcome counts them: not 2B (a continuation), not 2C (born at home)."""
        return np.isin(np.array(METHODS)[self.method], OUTCOME_METHODS)
