"""The parts of a general practice record before they are put together: who, when, told when, which code, what value.

`told` is the day on which the entry is in the record; results and letters come in later than their date.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.synthetic.records.scene import read_reference

UNITS = ("mmHg", "kg/m2", "kg", "mL/min/1.73m2", "g/L", "mmol/mol", "mmol/L", "g/dL", "mm[Hg]", "%")
NO_UNIT = -1
CONTACT_CODES = ("11429006", "185317003", "439708006")
FRAILTY_CODES = ("925791000000100", "925831000000107", "925861000000102")
HOUSEBOUND, CARE_HOME_CODE, CARER_CODE = "160689007", "248171000000108", "224484003"
SMOKING_CODES = ("266919005", "8517006", "77176002")  # never, ex, current


@dataclass(frozen=True)
class Part:
    """Entries of one kind, one element each in every array. code: index into a code book; value: NaN for none."""

    person: np.ndarray
    day: np.ndarray
    told: np.ndarray
    code: np.ndarray
    value: np.ndarray
    unit: np.ndarray


def entries(
    person: np.ndarray,
    day: np.ndarray,
    code: np.ndarray | int,
    *,
    told: np.ndarray | None = None,
    value: np.ndarray | None = None,
    unit: np.ndarray | None = None,
) -> Part:
    """A part; told on the day itself, without value, unless said otherwise."""
    count = len(person)
    return Part(
        person=np.asarray(person, dtype=np.int64),
        day=np.asarray(day, dtype=np.int64),
        told=np.asarray(day if told is None else told, dtype=np.int64),
        code=np.broadcast_to(np.asarray(code, dtype=np.int64), count),
        value=np.full(count, np.nan) if value is None else value,
        unit=np.full(count, NO_UNIT) if unit is None else unit,
    )


def joined_parts(parts: Iterable[Part]) -> Part:
    """Parts one after another."""
    kept = list(parts)
    names = ("person", "day", "told", "code", "value", "unit")
    return Part(*(np.concatenate([getattr(part, name) for part in kept]) for name in names))


@dataclass(frozen=True)
class CodeBook:
    """All SNOMED CT codes a block's practices use, and where each stands."""

    codes: tuple[str, ...]
    places: dict[str, int]

    def __getitem__(self, code: str) -> int:
        return self.places[code]

    def places_of(self, codes: Sequence[str]) -> np.ndarray:
        return np.array([self.places[code] for code in codes], dtype=np.int64)


def code_book(extra: Sequence[str]) -> CodeBook:
    """Codes of the reference files, of this module, and `extra` ones."""
    listed = [
        row["snomed_code"]
        for name in ("record_gp_codes", "record_measurements", "record_condition_codes")
        for row in read_reference(name)
    ]
    fixed = (*CONTACT_CODES, *FRAILTY_CODES, *SMOKING_CODES, HOUSEBOUND, CARE_HOME_CODE, CARER_CODE)
    codes = tuple(sorted({*listed, *fixed, *extra}))
    return CodeBook(codes, {code: place for place, code in enumerate(codes)})
