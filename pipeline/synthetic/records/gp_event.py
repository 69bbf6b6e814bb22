"""gp_event: the coded entries of general practice, put together from their parts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipeline.synthetic.records.gp_contacts import contacts, degrees_of_frailty, findings, smoking
from pipeline.synthetic.records.gp_diagnoses import Diagnoses, diagnoses, dissents
from pipeline.synthetic.records.gp_entries import NO_UNIT, UNITS, code_book, joined_parts
from pipeline.synthetic.records.gp_measurements import measurements
from pipeline.synthetic.records.identity import nhs_numbers, own_number, practice_on, row_number, suppliers
from pipeline.synthetic.records.rows import Rows, Telling, blanked, dates, decimals, numbered, picked, same
from pipeline.synthetic.records.scene import Scene

FORMER = 1  # kind of a person's own number at the practice they left


@dataclass(frozen=True)
class CodedEntries:
    """All entries in the order in which they came into the record. code: index into codes; practice: into the frame."""

    codes: tuple[str, ...]
    person: np.ndarray
    day: np.ndarray
    told: np.ndarray
    code: np.ndarray
    value: np.ndarray
    unit: np.ndarray
    practice: np.ndarray
    number: np.ndarray


def write_entries(scene: Scene, coded: Diagnoses, given: Sequence[tuple[int, int, str]]) -> CodedEntries:
    """Every entry at practices that send data; `given` are further ones (person, day, code)."""
    rng, book = scene.block.rng, code_book([code for _, _, code in given])
    part = joined_parts(
        [
            *contacts(scene, book, rng("gp_contacts")),
            *findings(scene, book, rng("gp_findings")),
            *smoking(scene, book, rng("gp_smoking")),
            *degrees_of_frailty(scene, book, rng("gp_frailty")),
            *diagnoses(scene, coded, book, rng("gp_diagnoses")),
            *measurements(scene, book, rng("gp_measurements")),
            dissents(given, book),
        ]
    )
    practice = practice_on(scene, part.person, part.day)
    kept = (suppliers(scene)[practice] != "") & (part.day >= scene.people.birth[part.person])
    kept &= np.maximum(part.day, part.told) <= scene.last_day[part.person]
    order = np.flatnonzero(kept)
    order = order[np.lexsort((part.code[order], part.person[order], part.day[order], part.told[order]))]
    return CodedEntries(
        codes=book.codes,
        person=part.person[order],
        day=part.day[order],
        told=part.told[order],
        code=part.code[order],
        value=part.value[order],
        unit=part.unit[order],
        practice=practice[order],
        number=row_number(scene, len(order)),
    )


def entry_rows(scene: Scene, all_: CodedEntries, telling: Telling) -> Rows:
    """gp_event as the practices' suppliers write it."""
    chosen = np.flatnonzero(telling.news(all_.told))
    person, day, unit = all_.person[chosen], all_.day[chosen], all_.unit[chosen]
    practice = all_.practice[chosen]
    columns = {
        "ObservationID": numbered("O-", all_.number[chosen]),
        **person_columns(scene, person, practice),
        "Code": picked(all_.codes, all_.code[chosen]),
        "EffectiveDate": dates(day),
        "Value": decimals(all_.value[chosen], places=1),
        "Unit": blanked(picked(UNITS, np.maximum(unit, 0)), unit == NO_UNIT),
        "IsDeleted": same("0", len(chosen)),
    }
    return Rows(pa.table(columns), person, day, suppliers(scene)[practice])


def person_columns(scene: Scene, person: np.ndarray, practice: np.ndarray) -> dict[str, pa.Array]:
    """Who a practice says a person is."""
    former = practice != scene.people.practice[person]
    return {
        "PatientID": numbered("", own_number(scene, person, kind=former * FORMER)),
        "NHSNumber": picked(nhs_numbers(scene, "gp"), person),
        "DateOfBirth": dates(scene.people.birth[person]),
        "PracticeCode": picked([one.code for one in scene.block.frame.practices], practice),
    }
