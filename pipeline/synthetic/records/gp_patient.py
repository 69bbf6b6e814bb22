"""gp_patient: one row per person and practice that sends data, as known on a day."""

import numpy as np
import pyarrow as pa

from pipeline.synthetic.records.gp_event import FORMER
from pipeline.synthetic.records.identity import nhs_numbers, own_number, suppliers
from pipeline.synthetic.records.rows import NEVER, Rows, Telling, blanked, dates, numbered, picked, same
from pipeline.synthetic.records.scene import Scene

SECOND = 2  # kind of a person's own number at a second practice
_NO_LANGUAGE_SHARE, _NO_HOUSEHOLD_SHARE = 0.2, 0.03


def patient_rows(scene: Scene, telling: Telling) -> Rows:
    """Registrations as known on a day, in the order of persons; `day` is the last day on which a row changed."""
    person, practice, start, end, kind = _registrations(scene)
    known = telling.known
    begun = np.flatnonzero((start <= known) & (suppliers(scene)[practice] != "") & (end >= start))
    begun = begun[np.lexsort((kind[begun], person[begun]))]
    person, practice, start, end, kind = (array[begun] for array in (person, practice, start, end, kind))
    people = scene.people
    end = np.where(end <= known, end, NEVER)
    death = np.where((kind != FORMER) & (people.death[person] <= known), people.death[person], NEVER)
    moved_in = people.care_home_from[person]
    rehoused = np.where((moved_in >= start) & (moved_in <= np.minimum(end, known)), moved_in, 0)
    changed = np.maximum.reduce([start, np.where(end < NEVER, end, 0), np.where(death < NEVER, death, 0), rehoused])
    chosen = telling.news(changed)
    table = _table(scene, person, practice, start, end, death, kind, np.minimum(end, known))
    rows = Rows(table, person, changed, suppliers(scene)[practice])
    return rows.where(chosen)


def _registrations(scene: Scene) -> tuple[np.ndarray, ...]:
    """person, practice, first day, last day or NEVER, kind of each registration."""
    people = scene.people
    now = np.flatnonzero(people.practice >= 0)
    then = np.flatnonzero(people.former_practice >= 0)
    twice = np.flatnonzero(people.second_practice >= 0)
    moved = people.moved[now]
    parts = (
        (now, people.practice[now], np.where(moved < NEVER, moved, people.registered[now]), people.left[now], 0),
        (then, people.former_practice[then], people.registered[then], people.moved[then], FORMER),
        (twice, people.second_practice[twice], people.second_registered[twice], people.second_left[twice], SECOND),
    )
    columns = [np.concatenate([np.asarray(part[place]) for part in parts]) for place in range(4)]
    kinds = np.concatenate([np.full(len(part[0]), part[4]) for part in parts])
    return (*columns, kinds)


def _table(
    scene: Scene,
    person: np.ndarray,
    practice: np.ndarray,
    start: np.ndarray,
    end: np.ndarray,
    death: np.ndarray,
    kind: np.ndarray,
    lives_there: np.ndarray,
) -> pa.Table:
    people, frame = scene.people, scene.block.frame
    # What a practice does not know of a person, it never knows.
    drawn = scene.block.rng("gp_patient").random((2, scene.count))
    no_language, no_household = drawn[0] < _NO_LANGUAGE_SHARE, drawn[1] < _NO_HOUSEHOLD_SHARE
    return pa.table(
        {
            "PatientID": numbered("", own_number(scene, person, kind=kind)),
            "NHSNumber": picked(nhs_numbers(scene, "gp"), person),
            "FamilyName": picked(frame.family_names, people.family_name[person]),
            "GivenName": picked(frame.given_names, people.given_name[person]),
            "DateOfBirth": dates(people.birth[person]),
            "GenderCode": numbered("", people.gender_code[person]),
            "Postcode": pa.array(people.postcode_on(person, lives_there)),
            "EthnicCategory": picked(people.ethnic_codes, person),
            "LSOA": pa.array(people.lsoa_on(person, lives_there)),
            "PracticeCode": picked([one.code for one in frame.practices], practice),
            "RegistrationStartDate": dates(start),
            "RegistrationEndDate": dates(end),
            "DateOfDeath": dates(death),
            "MainLanguage": blanked(picked(people.language, person), no_language[person]),
            "InterpreterRequired": blanked(
                picked(("0", "1"), people.needs_interpreter[person].astype(np.int64)), no_language[person]
            ),
            "HouseholdID": blanked(numbered("H-", people.household[person]), no_household[person]),
            "IsConfidential": numbered("", people.is_confidential[person]),
            "IsDeleted": same("0", len(person)),
        }
    )
