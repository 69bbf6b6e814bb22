"""acute_apc and acute_daily: stays as hospitals know them on a day.

While a stay lasts it has no end; after it, no diagnoses until it is coded; some are corrected at the freeze.
"""

import numpy as np
import pyarrow as pa

from pipeline.synthetic.records.identity import ROWS_RANGE, nhs_numbers, practice_column
from pipeline.synthetic.records.rows import (
    NEVER,
    Rows,
    Telling,
    blanked,
    dates,
    joined_text,
    numbered,
    picked,
    same,
    times,
)
from pipeline.synthetic.records.scene import Scene
from pipeline.synthetic.records.senders import TRUSTS
from pipeline.synthetic.records.stays import ELECTIVE, MATERNITY, METHODS, TRANSFER, Stays

NO_CODE = -1
_STAYS_RANGE = 1_000_000  # numbers of stays of one block
_ENTERED_TWICE = 0.004
_TWICE_OFFSET = 900_000


def episode_rows(scene: Scene, stays: Stays, telling: Telling) -> Rows:
    """acute_apc: one row per episode. With a period: the stays with a day in it; a delta: what changed since."""
    known, period = telling.known, telling.period
    begun = _changed(stays, telling)
    if period is not None:
        begun &= (stays.admitted <= period[1]) & ((stays.discharged >= period[0]) | (stays.discharged > known))
    stays = stays.where(begun)
    index = np.r_[np.arange(len(stays.person)), np.flatnonzero(stays.turn <= known)]
    first = np.arange(len(index)) < len(stays.person)
    order = np.lexsort((~first, index))
    return _episodes(scene, stays.where(index[order]), first[order], telling)


def _changed(stays: Stays, telling: Telling) -> np.ndarray:
    moments = np.stack([stays.admitted, stays.turn, stays.discharged, stays.coded, stays.corrected])
    return np.asarray(telling.news(moments).any(axis=0))


def _episodes(scene: Scene, stays: Stays, first: np.ndarray, telling: Telling) -> Rows:
    known = telling.known
    count, person, admitted = len(first), stays.person, stays.admitted
    is_open, uncoded = stays.discharged > known, stays.coded > known
    known_end = np.where(is_open, NEVER, stays.discharged)
    ends_at_turn = first & (stays.turn <= known)
    planned = np.isin(stays.method, ELECTIVE)
    specialty = np.where(stays.method == MATERNITY, 2, planned.astype(np.int64))
    primary = np.where(stays.corrected > known, stays.first_primary, stays.diagnoses[:, 0])
    names = ("PRIMARY DIAGNOSIS (ICD)", *(f"SECONDARY DIAGNOSIS (ICD) {place}" for place in range(1, 4)))
    codes = (primary, *stays.diagnoses[:, 1:].T)
    columns = {
        "CDS UNIQUE IDENTIFIER": cds_identifier(scene, stays.trust, 2 * stays.number + ~first),
        "CDS UPDATE TYPE": same("9", count),
        "CDS APPLICABLE DATE TIME": same(telling.stamp, count),
        **person_columns(scene, person, admitted),
        "ORGANISATION CODE (CODE OF PROVIDER)": picked(TRUSTS, stays.trust),
        "HOSPITAL PROVIDER SPELL NUMBER": spell_numbers(scene, stays.number),
        "PATIENT CLASSIFICATION CODE": picked(("1", "2"), planned & (stays.discharged == admitted)),
        "ADMISSION METHOD CODE": picked(METHODS, stays.method),
        "SOURCE OF ADMISSION": picked(("19", "51"), stays.method == TRANSFER),
        "START DATE (HOSPITAL PROVIDER SPELL)": dates(admitted),
        "DISCHARGE DATE": dates(known_end),
        "DISCHARGE METHOD": blanked(picked(("1", "4"), stays.died), is_open),
        "EPISODE NUMBER": numbered("", np.where(first, 1, 2)),
        "START DATE (EPISODE)": dates(np.where(first, admitted, stays.turn)),
        "END DATE (EPISODE)": dates(np.where(ends_at_turn, stays.turn, known_end)),
        "TREATMENT FUNCTION CODE": picked(("300", "100", "501"), specialty),
        **{
            name: blanked(picked(stays.icd10, np.maximum(code, 0)), uncoded | (code == NO_CODE))
            for name, code in zip(names, codes, strict=True)
        },
    }
    return Rows(pa.table(columns), person, admitted, np.array(TRUSTS)[stays.trust])


def daily_rows(scene: Scene, stays: Stays, telling: Telling) -> Rows:
    """acute_daily: the last message about each stay; a few were entered twice and one of the two was cancelled."""
    drawn = scene.block.rng("acute_daily").random((2, len(stays.person)))
    twice = np.flatnonzero(drawn[0] < _ENTERED_TWICE)
    index = np.r_[np.arange(len(stays.person)), twice]
    cancelled = np.arange(len(index)) >= len(stays.person)
    number = np.where(cancelled, _TWICE_OFFSET + stays.number[index], stays.number[index])
    minute = np.floor(drawn[1][index] * 1440).astype(np.int64)
    ends = np.where(cancelled, stays.admitted[index] + 1, stays.discharged[index])
    over = ends <= telling.known
    last = np.where(over, ends, stays.admitted[index])
    chosen = np.flatnonzero(telling.news(last))
    chosen = chosen[np.lexsort((number[chosen], last[chosen]))]
    index, cancelled, over, last, minute = (array[chosen] for array in (index, cancelled, over, last, minute))
    kind = np.where(over, np.where(cancelled, 2, 1), 0)
    told = stays.where(index)
    # A discharge is entered after the admission of the same day.
    minute = np.where((kind == 1) & (told.admitted == told.discharged), 720 + minute // 2, minute // 2)
    left = over & ~cancelled
    columns = {
        "MESSAGE DATE TIME": same(telling.stamp, len(chosen)) if telling.stamp else times(last, minute),
        "MESSAGE TYPE": picked(("A", "D", "X"), kind),
        **_daily_person(scene, told),
        "ORGANISATION CODE (CODE OF PROVIDER)": picked(TRUSTS, told.trust),
        "HOSPITAL PROVIDER SPELL NUMBER": spell_numbers(scene, number[chosen]),
        "ADMISSION METHOD CODE": picked(METHODS, told.method),
        "SOURCE OF ADMISSION": picked(("19", "51"), told.method == TRANSFER),
        "START DATE (HOSPITAL PROVIDER SPELL)": dates(told.admitted),
        "DISCHARGE DATE": dates(np.where(left, told.discharged, NEVER)),
        "DISCHARGE METHOD": blanked(picked(("1", "4"), told.died), ~left),
    }
    return Rows(pa.table(columns), told.person, told.admitted, np.array(TRUSTS)[told.trust])


def _daily_person(scene: Scene, stays: Stays) -> dict[str, pa.Array]:
    columns = person_columns(scene, stays.person, stays.admitted)
    return {name: column for name, column in columns.items() if name != "POSTCODE OF USUAL ADDRESS"}


def person_columns(scene: Scene, person: np.ndarray, day: np.ndarray) -> dict[str, pa.Array]:
    """Who a hospital says a person is."""
    return {
        "NHS NUMBER": picked(nhs_numbers(scene, "acute"), person),
        "NHS NUMBER STATUS INDICATOR CODE": same("01", len(person)),
        "PERSON BIRTH DATE": dates(scene.people.birth[person]),
        "POSTCODE OF USUAL ADDRESS": pa.array(scene.people.postcode_on(person, day)),
        "GENERAL MEDICAL PRACTICE CODE (PATIENT REGISTRATION)": practice_column(scene, person, day),
    }


def spell_numbers(scene: Scene, number: np.ndarray) -> pa.Array:
    """Numbers of stays, unique over blocks."""
    return numbered("", (scene.block.number + 1) * _STAYS_RANGE + number, width=9)


def cds_identifier(scene: Scene, trust: np.ndarray, number: np.ndarray) -> pa.Array:
    """Identifiers of records sent to the Secondary Uses Service, unique over blocks and extracts."""
    whole = numbered("", (scene.block.number + 1) * ROWS_RANGE + number, width=10)
    return joined_text(picked([f"B{code}" for code in TRUSTS], trust), whole)
