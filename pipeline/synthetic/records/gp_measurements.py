"""Measurements in general practice: who is measured how often, and values that move with disease and frailty.

Results come in a day or two after the sample. Some have no unit, some another one than the usual.
"""

from collections.abc import Iterator

import numpy as np

from pipeline.synthetic.records.gp_entries import NO_UNIT, UNITS, CodeBook, Part, entries
from pipeline.synthetic.records.scene import Scene, log_linear, read_reference

_WATCHED = ("hypertension", "diabetes", "chronic_kidney_disease", "coronary_heart_disease", "heart_failure")
_IN_LABORATORY = ("egfr", "haemoglobin", "hba1c", "cholesterol")
_NO_UNIT_SHARE, _OTHER_UNIT_SHARE = 0.02, 0.04


def measurements(scene: Scene, book: CodeBook, rng: np.random.Generator) -> Iterator[Part]:
    """All measurements of all people, a part for each measure."""
    watched = np.minimum(np.sum([scene.has(name) for name in _WATCHED], axis=0), 2)
    own = rng.standard_normal((4, scene.count)).astype(np.float32)
    own[1] = scene.block.traits.metabolic
    means = _means(scene, own)
    for row in read_reference("record_measurements"):
        rate = log_linear(scene, row) * (1 + np.float32(row["watched"]) * watched)
        person, day = scene.happenings(rate, rng=rng, weights=scene.clinic_hours)
        value = scene.at(means[row["measure"]], person, day) + float(row["spread"]) * rng.standard_normal(len(person))
        rounded = np.round(np.clip(value, float(row["low"]), float(row["high"])), int(row["places"]))
        in_laboratory = row["measure"] in _IN_LABORATORY
        told = day + rng.integers(1, 4, len(person)) if in_laboratory else day
        kept = told <= scene.last_day[person]
        value, unit = _units(row, rounded, rng)
        yield entries(
            person[kept], day[kept], book[row["snomed_code"]], told=told[kept], value=value[kept], unit=unit[kept]
        )


def _means(scene: Scene, own: np.ndarray) -> dict[str, np.ndarray]:
    """Expected value of each measure, step by person."""
    age, frailty, needs = np.maximum(scene.age, 0), scene.lives.frailty, scene.lives.dependence
    has, is_female = scene.has, scene.people.is_female.astype(np.float32)
    ill = has("chronic_kidney_disease").astype(np.float32) + has("cancer")
    bmi = _body_mass(scene, own)
    return {
        "systolic_pressure": 112 + 0.25 * age + 10 * has("hypertension") + 6 * own[0] - needs - 4 * frailty,
        "diastolic_pressure": 74 + 0.03 * age + 5 * has("hypertension") + 4 * own[0] - needs,
        "body_mass_index": bmi,
        "body_weight": bmi * (1.72 - 0.12 * is_female) ** 2,
        "egfr": 113 - 0.62 * age - 22 * has("chronic_kidney_disease") - 5 * frailty + 5 * own[2],
        "haemoglobin": 141
        - 10 * is_female
        - 7 * frailty
        - 2.5 * scene.lives.instability
        - 5 * ill
        + 4 * own[3]
        - 0.05 * age,
        "hba1c": 36 + 0.04 * age + 18 * has("diabetes") + 2.5 * own[1] + 2 * frailty,
        "cholesterol": 5.1
        - 0.8 * has("coronary_heart_disease")
        - 0.5 * has("diabetes")
        + 0.5 * own[0]
        - 0.15 * frailty,
    }


def _body_mass(scene: Scene, own: np.ndarray) -> np.ndarray:
    lives = scene.lives
    change = 7.5 * scene.has("obesity") - 0.8 * lives.frailty - 0.2 * lives.dependence
    return np.asarray(25.2 + 2.6 * own[1] + change)


def _units(row: dict[str, str], value: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Values with their units: usually the standard one, now and then none or another."""
    unit = np.full(len(value), UNITS.index(row["unit"]))
    drawn = rng.random(len(value))
    if row["measure"] == "haemoglobin":
        other = drawn < _OTHER_UNIT_SHARE
        value, unit = np.where(other, value / 10, value), np.where(other, UNITS.index("g/dL"), unit)
    if row["measure"] == "systolic_pressure":
        unit = np.where(drawn < _OTHER_UNIT_SHARE, UNITS.index("mm[Hg]"), unit)
    return value, np.where(drawn > 1 - _NO_UNIT_SHARE, NO_UNIT, unit)
