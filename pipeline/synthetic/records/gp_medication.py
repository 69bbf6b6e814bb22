"""gp_medication: repeats for recorded conditions, repeats that come with frailty or distress, and short courses.

DrugCode holds invented eight-digit codes that stand for no product of dm+d; BNF sections are real.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipeline.synthetic.records.gp_diagnoses import Diagnoses
from pipeline.synthetic.records.gp_event import person_columns
from pipeline.synthetic.records.identity import practice_on, row_number, suppliers
from pipeline.synthetic.records.rows import NEVER, Rows, Telling, dates, numbered, picked, same
from pipeline.synthetic.records.scene import DAYS_PER_MONTH, Scene, log_linear, read_reference

_VARIANTS = 3
_REPEAT_EVERY = 56
_ISSUES_PER_MONTH = DAYS_PER_MONTH / _REPEAT_EVERY
COURSE_QUANTITY, _QUANTITIES = 0, ("21", "28", "56", "84", "112")
# Where courses of treatment follow an acute deterioration: antibacterials, corticosteroids, analgesics.
_AFTER_SHOCKS = (("0501", 0.3), ("0603", 0.1), ("0407", 0.15))
_Issues = tuple[np.ndarray, np.ndarray, str, int]


@dataclass(frozen=True)
class Issues:
    """All medicines issued, in the order of issue. section: index into sections; quantity: index."""

    sections: tuple[str, ...]
    person: np.ndarray
    day: np.ndarray
    section: np.ndarray
    quantity: np.ndarray
    practice: np.ndarray
    number: np.ndarray


def write_issues(scene: Scene, coded: Diagnoses) -> Issues:
    """Every issue at practices that send data."""
    rng = scene.block.rng
    adherence = 0.72 + 0.26 * rng("gp_adherence").random(scene.count)
    parts = [
        *_for_conditions(scene, coded, adherence, rng("gp_repeats")),
        *_for_frailty(scene, adherence, rng("gp_polypharmacy")),
        *_courses(scene, rng("gp_courses")),
    ]
    sections = tuple(sorted({part[2] for part in parts}))
    person, day = (np.concatenate([part[place] for part in parts]) for place in range(2))
    section = np.concatenate([np.full(len(part[0]), sections.index(part[2])) for part in parts])
    quantity = np.concatenate([np.full(len(part[0]), part[3]) for part in parts])
    practice = practice_on(scene, person, day)
    kept = np.flatnonzero((suppliers(scene)[practice] != "") & scene.is_here(person, day) & (day >= scene.begin))
    order = kept[np.lexsort((section[kept], person[kept], day[kept]))]
    return Issues(
        sections=sections,
        person=person[order],
        day=day[order],
        section=section[order],
        quantity=quantity[order],
        practice=practice[order],
        number=row_number(scene, len(order)),
    )


def issue_rows(scene: Scene, all_: Issues, telling: Telling) -> Rows:
    """gp_medication as the practices' suppliers write it."""
    chosen = np.flatnonzero(telling.news(all_.day))
    person, day, practice, section = (array[chosen] for array in (all_.person, all_.day, all_.practice, all_.section))
    drugs = [f"9{code}{variant}01" for code in all_.sections for variant in range(1, _VARIANTS + 1)]
    columns = {
        "MedicationOrderID": numbered("M-", all_.number[chosen]),
        **person_columns(scene, person, practice),
        # A person stays with one product of a section.
        "DrugCode": picked(drugs, section * _VARIANTS + person % _VARIANTS),
        "BNFReference": picked(all_.sections, section),
        "IssueDate": dates(day),
        "Quantity": picked(_QUANTITIES, all_.quantity[chosen]),
        "IsDeleted": same("0", len(chosen)),
    }
    return Rows(pa.table(columns), person, day, suppliers(scene)[practice])


def _for_conditions(
    scene: Scene, coded: Diagnoses, adherence: np.ndarray, rng: np.random.Generator
) -> Iterator[_Issues]:
    """Regular issues from the first code on; one line a section, whichever conditions call for it."""
    rows = read_reference("record_medicines")
    for section in sorted({row["bnf_section"] for row in rows}):
        start = np.full(scene.count, NEVER, dtype=np.int64)
        wanted = [row for row in rows if row["bnf_section"] == section]
        for row in wanted:
            first = coded.first[:, scene.lives.conditions.index(row["condition"])]
            treated = rng.random(scene.count) < float(row["share_treated"])
            begins = first + np.floor(rng.exponential(40, scene.count)).astype(np.int64)
            start = np.where(treated & (first < NEVER), np.minimum(start, begins), start)
        every = int(wanted[0]["days_between"])
        who = np.flatnonzero(start < scene.end)
        person, day = _every(scene, who, start[who], every, adherence, rng)
        yield person, day, section, _QUANTITIES.index(str(every))


def _every(
    scene: Scene, who: np.ndarray, start: np.ndarray, every: int, adherence: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Issues of people every so many days, some left out, on working days."""
    first = np.maximum(np.maximum(start, scene.begin), scene.first_day[who]) + rng.integers(0, every, len(who))
    last = np.minimum(scene.last_day[who], scene.end - 1)
    times = np.maximum((last - first) // every + 1, 0)
    person = np.repeat(who, times)
    turn = np.arange(len(person)) - np.repeat(np.cumsum(times) - times, times)
    day = scene.to_open_day(np.repeat(first, times) + turn * every + rng.integers(-4, 5, len(person)))
    taken = rng.random(len(person)) < adherence[person]
    return person[taken], day[taken]


def _for_frailty(scene: Scene, adherence: np.ndarray, rng: np.random.Generator) -> Iterator[_Issues]:
    """Repeats that people take while their state is beyond a threshold of their own (polypharmacy)."""
    lives = scene.lives
    share = adherence * np.float32(_ISSUES_PER_MONTH)
    for row in read_reference("record_medicine_streams"):
        if row["kind"] != "repeat":
            continue
        score = float(row["monthly_rate"]) + float(row["by_age"]) * (scene.age - 50) / 10
        for quantity in ("frailty", "dependence", "distress"):
            if float(row[quantity]):
                score = score + np.float32(row[quantity]) * getattr(lives, quantity)
        score = score + rng.standard_normal(scene.count).astype(np.float32)
        takes = (score > 0) & (scene.age >= float(row["age_from"]))
        person, day = scene.happenings(takes * share, rng=rng, weights=scene.clinic_hours)
        yield person, day, row["bnf_section"], _QUANTITIES.index(str(_REPEAT_EVERY))


def _courses(scene: Scene, rng: np.random.Generator) -> Iterator[_Issues]:
    for row in read_reference("record_medicine_streams"):
        if row["kind"] == "course":
            person, day = scene.happenings(log_linear(scene, row), rng=rng, weights=scene.office_hours)
            yield person, day, row["bnf_section"], COURSE_QUANTITY
    for section, per_size in _AFTER_SHOCKS:
        person, day = scene.after_shocks(per_size, mean_delay=6, rng=rng)
        yield person, scene.to_open_day(day), section, COURSE_QUANTITY
