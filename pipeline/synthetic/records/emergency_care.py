"""acute_ecds: attendances at emergency departments, those that ended in a stay and the many that did not."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipeline.synthetic.records.hospital_rows import cds_identifier, person_columns
from pipeline.synthetic.records.identity import ROWS_RANGE
from pipeline.synthetic.records.rows import Rows, Telling, dates, numbered, picked, same
from pipeline.synthetic.records.scene import Scene, read_reference
from pipeline.synthetic.records.senders import TRUSTS, choose_trusts
from pipeline.synthetic.records.stays import Stays

_DEPARTMENTS, _SHARES = ("01", "02", "03", "04"), (0.66, 0.02, 0.25, 0.07)
_CATEGORIES, _CATEGORY_SHARES = ("1", "2", "3", "4"), (0.93, 0.03, 0.02, 0.02)
_SECOND_HALF = ROWS_RANGE // 2  # CDS identifiers of attendances are beyond those of stays
_LATE_SHARE = 0.03


@dataclass(frozen=True)
class Attendances:
    """Attendances in the order in which they became known. trust, kind, category, complaint: indices."""

    person: np.ndarray
    day: np.ndarray
    told: np.ndarray
    trust: np.ndarray
    kind: np.ndarray
    category: np.ndarray
    complaint: np.ndarray
    number: np.ndarray
    complaints: tuple[str, ...]


def draw_attendances(scene: Scene, stays: Stays) -> Attendances:
    """All attendances; rates log-linear in the latent state, with a habit of one's own, more after deteriorations."""
    rng = scene.block.rng("acute_ecds")
    lives = scene.lives
    by_age = np.interp(scene.age, [0, 3, 10, 20, 30, 60, 80], [2.6, 2.2, 1.0, 1.1, 1.0, 0.8, 1.1])
    habit = np.exp(0.4 * rng.standard_normal(scene.count) - 0.08)
    rate = (
        0.0140
        * habit
        * by_age
        * np.exp(0.45 * lives.frailty + 0.25 * lives.instability + 0.4 * lives.distress + 0.05 * scene.deprivation)
    )
    person, day = scene.happenings(rate * (1 + 0.1 * lives.dependence), rng=rng)
    worse, then = scene.after_shocks(0.12, mean_delay=5, rng=rng)
    person, day = np.append(person, worse), np.append(day, then)
    stayed = np.flatnonzero(np.isin(stays.method, [0, 5]) & (stays.admitted >= scene.begin))
    trust = np.append(choose_trusts(scene, person, rng), stays.trust[stayed])
    kind = np.append(rng.choice(4, len(person), p=_SHARES), np.zeros(len(stayed), dtype=np.int64))
    person, day = np.append(person, stays.person[stayed]), np.append(day, stays.admitted[stayed])
    count = len(person)
    told = np.where(rng.random(count) < _LATE_SHARE, day + rng.integers(1, 21, count), day)
    complaint, complaints = _complaints(scene, person, day, rng)
    columns = {
        "person": person,
        "day": day,
        "told": told,
        "trust": trust,
        "kind": kind,
        "category": np.where(kind == 0, rng.choice(4, count, p=_CATEGORY_SHARES), 0),
        "complaint": complaint,
    }
    order = np.lexsort((trust, kind, person, day, told))
    return Attendances(
        **{name: array[order] for name, array in columns.items()}, number=np.arange(count), complaints=complaints
    )


def attendance_rows(scene: Scene, all_: Attendances, telling: Telling) -> Rows:
    """acute_ecds as trusts write it; a period chooses by the day of arrival."""
    chosen = np.flatnonzero(telling.news(all_.told) & telling.in_period(all_.day))
    person, day, trust, number = (array[chosen] for array in (all_.person, all_.day, all_.trust, all_.number))
    count = len(chosen)
    columns = {
        "CDS UNIQUE IDENTIFIER": cds_identifier(scene, trust, _SECOND_HALF + number),
        "CDS UPDATE TYPE": same("9", count),
        "CDS APPLICABLE DATE TIME": same(telling.stamp, count),
        **person_columns(scene, person, day),
        "ORGANISATION CODE (CODE OF PROVIDER)": picked(TRUSTS, trust),
        "ORGANISATION SITE IDENTIFIER (OF TREATMENT)": picked([f"{code}01" for code in TRUSTS], trust),
        "EMERGENCY CARE DEPARTMENT TYPE": picked(_DEPARTMENTS, all_.kind[chosen]),
        "EMERGENCY CARE ATTENDANCE IDENTIFIER": numbered("E", (scene.block.number + 1) * 10_000_000 + number, width=9),
        "EMERGENCY CARE ATTENDANCE CATEGORY": picked(_CATEGORIES, all_.category[chosen]),
        "EMERGENCY CARE ARRIVAL DATE": dates(day),
        "EMERGENCY CARE DEPARTURE DATE": dates(day),
        "EMERGENCY CARE CHIEF COMPLAINT (SNOMED CT)": picked(all_.complaints, all_.complaint[chosen]),
    }
    return Rows(pa.table(columns), person, day, np.array(TRUSTS)[trust])


def _complaints(
    scene: Scene, person: np.ndarray, day: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, tuple[str, ...]]:
    listed = read_reference("record_complaints")
    log_weight = np.log([float(row["weight"]) for row in listed])[None, :].repeat(len(person), axis=0)
    for quantity in ("frailty", "distress", "dependence"):
        state = scene.at(getattr(scene.lives, quantity), person, day)
        log_weight += np.array([float(row[quantity]) for row in listed]) * state[:, None]
    edges = np.cumsum(np.exp(log_weight), axis=1)
    chosen = (edges < (rng.random(len(person)) * edges[:, -1])[:, None]).sum(axis=1)
    return np.minimum(chosen, len(listed) - 1), tuple(row["snomed_code"] for row in listed)
