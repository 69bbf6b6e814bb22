"""Why people were in hospital and what else coders found in the notes: ICD-10, primary and three secondary codes.

Causes follow the conditions a person has; secondary codes are those conditions and signs of frailty, as far as noted.
"""

import numpy as np

from pipeline.synthetic.records.scene import Scene, read_reference

NO_CODE = -1
SECONDARY_PLACES = 3
ELECTIVE_ICD = ("H269", "K409", "M171", "K635", "D122", "N201", "C509")
MATERNITY_ICD, BIRTH_ICD = "O809", "Z380"
_BORN_AT_HOME, _FIRST_ELECTIVE, _LAST_ELECTIVE, _MATERNITY, _BIRTH = 9, 10, 12, 13, 14


def draw_codes(
    scene: Scene, person: np.ndarray, admitted: np.ndarray, method: np.ndarray, rng: np.random.Generator
) -> tuple[tuple[str, ...], np.ndarray]:
    """The codes in use, and for each stay the indices of its diagnoses, the primary one first (-1 none)."""
    causes, noted = read_reference("record_admission_causes"), read_reference("record_secondary_diagnoses")
    listed = {code for row in causes for code in row["icd10"].split(";")} | {row["icd10"] for row in noted}
    codes = tuple(sorted(listed | {*ELECTIVE_ICD, MATERNITY_ICD, BIRTH_ICD, "R69X"}))
    place = {code: index for index, code in enumerate(codes)}
    has = _conditions(scene, person, admitted)
    primary = _causes(scene, causes, place, has, person, admitted, rng)
    elective = np.array([place[code] for code in ELECTIVE_ICD])[rng.integers(0, len(ELECTIVE_ICD), len(person))]
    primary = np.where((method >= _FIRST_ELECTIVE) & (method <= _LAST_ELECTIVE), elective, primary)
    primary = np.where(method == _MATERNITY, place[MATERNITY_ICD], primary)
    is_birth = (method == _BIRTH) | (method == _BORN_AT_HOME)
    primary = np.where(is_birth, place[BIRTH_ICD], primary)
    secondary = _secondary(scene, noted, place, has, person, admitted, rng)
    secondary[is_birth] = NO_CODE
    secondary[secondary == primary[:, None]] = NO_CODE
    # Coders leave no gaps.
    order = np.argsort(secondary == NO_CODE, axis=1, kind="stable")
    return codes, np.column_stack([primary, np.take_along_axis(secondary, order, axis=1)])


def _conditions(scene: Scene, person: np.ndarray, admitted: np.ndarray) -> dict[str, np.ndarray]:
    onset = scene.lives.onset[person]
    return {name: onset[:, column] <= admitted for column, name in enumerate(scene.lives.conditions)}


def _causes(
    scene: Scene,
    causes: list[dict[str, str]],
    place: dict[str, int],
    has: dict[str, np.ndarray],
    person: np.ndarray,
    admitted: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    distress, needs = (scene.at(getattr(scene.lives, name), person, admitted) for name in ("distress", "dependence"))
    weight = np.empty((len(person), len(causes)))
    for column, row in enumerate(causes):
        log_weight = float(row["distress"]) * distress + float(row["dependence"]) * needs
        for name in filter(None, row["conditions"].split(";")):
            log_weight = np.where(has[name], log_weight + float(row["log_weight_if_present"]), log_weight)
        weight[:, column] = float(row["weight"]) * np.exp(np.minimum(log_weight, 6))
    chosen = (weight.cumsum(axis=1) < (rng.random(len(person)) * weight.sum(axis=1))[:, None]).sum(axis=1)
    groups = [row["icd10"].split(";") for row in causes]
    longest = max(map(len, groups))
    lookup = np.array([[place[group[k % len(group)]] for k in range(longest)] for group in groups])
    return np.asarray(lookup[np.minimum(chosen, len(causes) - 1), rng.integers(0, longest, len(person))])


def _secondary(
    scene: Scene,
    noted: list[dict[str, str]],
    place: dict[str, int],
    has: dict[str, np.ndarray],
    person: np.ndarray,
    admitted: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    age = (admitted - scene.people.birth[person]) / 365.25
    frailty, needs = (scene.at(getattr(scene.lives, name), person, admitted) for name in ("frailty", "dependence"))
    share = np.empty((len(person), len(noted)))
    for column, row in enumerate(noted):
        signs = float(row["frailty"]) * frailty + float(row["dependence"]) * needs
        once = has[row["condition"]] if row["condition"] else age >= 50
        share[:, column] = np.minimum(float(row["share"]) * np.exp(signs), 0.9) * once
    drawn = rng.random(share.shape)
    order = np.where(drawn < share, drawn / np.maximum(share, 1e-9), 2.0)
    first = np.argsort(order, axis=1, kind="stable")[:, :SECONDARY_PLACES]
    codes = np.array([place[row["icd10"]] for row in noted])
    return np.where(np.take_along_axis(order, first, axis=1) < 2.0, codes[first], NO_CODE)
