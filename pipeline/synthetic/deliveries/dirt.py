"""Dirty rows, as suppliers send them: planted as further rows, so that what is true of a person stays in the data.

Every kind is counted and its rows are known. An exact duplicate, a newer version and a withdrawal keep their
identifiers; all others get identifiers of their own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.synthetic.deliveries.shapes import BODY_MASS, SHAPES, SYSTOLIC, Shape
from pipeline.synthetic.records.rows import NEVER, Rows

STATUS = "NHS NUMBER STATUS INDICATOR CODE"
PSEUDO_PRACTICE = "V81997"
SAME_IDENTIFIER = ("exact_duplicate", "withdrawn")
_OWN_NUMBERS = 90_000_000


@dataclass(frozen=True)
class Circumstances:
    """What dirt of one delivery and block may look at: the days nothing of it can have happened on, and who has died.

    impossible: day number of impossible dates. last: the last day the sender knows of. death: day by person. serial:
    tells this delivery's planted identifiers from those of every other.
    """

    impossible: int
    last: int
    death: np.ndarray
    serial: int


def shares_of(extract: str, rows: Rows) -> dict[str, int]:
    """How many rows of each kind a history of these rows holds."""
    shape = SHAPES.get(extract)
    if shape is None or not len(rows.person):
        return {}
    return {kind: max(1, round(share * len(rows.person))) for kind, share in shape.shares.items()}


def soil(
    rows: Rows, wanted: Mapping[str, int], *, extract: str, given: Circumstances, rng: np.random.Generator
) -> tuple[Rows, dict[str, list[int]]]:
    """The rows with defects among them, and the places (from 0) of each kind."""
    shape = SHAPES[extract]
    parts = [rows]
    kinds: list[str] = []
    for kind, count in wanted.items():
        candidates = _candidates(rows, kind, shape=shape, given=given)
        if not len(candidates) or not count:
            continue
        # A repeat twice over is one repeat more than was planted: each row is taken once.
        unique = kind in SAME_IDENTIFIER
        count = min(count, len(candidates)) if unique else count
        chosen = rows.take(rng.choice(candidates, count, replace=not unique))
        parts.append(spoilt(chosen, kind, extract=extract, given=given, first=len(kinds)))
        kinds += [kind] * count
    both = joined(parts)
    places = np.append(np.arange(len(rows.person)), rng.uniform(0, len(rows.person), len(kinds)))
    order = np.argsort(places, kind="stable")
    at = np.empty(len(order), dtype=np.int64)
    at[order] = np.arange(len(order))
    planted: dict[str, list[int]] = {}
    for number, kind in enumerate(kinds):
        planted.setdefault(kind, []).append(int(at[len(rows.person) + number]))
    return both.take(order), {kind: sorted(found) for kind, found in planted.items()}


def spoilt(rows: Rows, kind: str, *, extract: str, given: Circumstances, first: int) -> Rows:
    """The rows with one kind of defect, under identifiers of their own; `first` is the number of the first of them."""
    shape = SHAPES[extract]
    table = _own_identifiers(rows.table, kind, shape=shape, first=first, given=given)
    table = _spoil(table, kind, shape=shape, given=given, death=given.death[rows.person])
    return Rows(table, rows.person, rows.day, rows.sender)


def joined(parts: Sequence[Rows]) -> Rows:
    """Several sets of rows of one extract, one after another."""
    return Rows(
        table=pa.concat_tables([part.table for part in parts]),
        person=np.concatenate([part.person for part in parts]),
        day=np.concatenate([part.day for part in parts]),
        sender=np.concatenate([part.sender for part in parts]),
    )


def _candidates(rows: Rows, kind: str, *, shape: Shape, given: Circumstances) -> np.ndarray:
    """Rows that can be spoilt in this way: with a number and a date, and for readings of the kind meant."""
    table = rows.table
    usable = np.array(pc.is_valid(table[shape.nhs_number]), dtype=bool)
    usable &= np.array(pc.is_valid(table[shape.date]), dtype=bool)
    code = {
        "impossible_pressure": SYSTOLIC,
        "impossible_body_mass": BODY_MASS,
        "impossible_unit": SYSTOLIC,
    }.get(kind)
    if code is not None:
        usable &= np.array(pc.fill_null(pc.equal(table["Code"], code), False), dtype=bool)
        usable &= np.array(pc.is_valid(table["Value"]), dtype=bool)
    if kind == "after_death":
        died = given.death[rows.person]
        usable &= (died < NEVER) & (died + 20 < given.last)
    if kind == "unknown_code" and not shape.unknown[0]:
        usable[:] = False
    if kind in ("withdrawn", "pseudo_practice"):
        usable &= bool(shape.withdrawn[0] if kind == "withdrawn" else shape.practice)
    return np.flatnonzero(usable)


def _own_identifiers(table: pa.Table, kind: str, *, shape: Shape, first: int, given: Circumstances) -> pa.Table:
    if kind in SAME_IDENTIFIER:
        return table
    start = _OWN_NUMBERS + given.serial * 1_000 + first
    return _set(table, shape.identifier, [f"{shape.prefix}{start + k}" for k in range(table.num_rows)])


def _spoil(table: pa.Table, kind: str, *, shape: Shape, given: Circumstances, death: np.ndarray) -> pa.Table:
    count = table.num_rows
    if kind == "invalid_check_digit":
        numbers = table[shape.nhs_number].to_pylist()
        return _set(table, shape.nhs_number, [n[:9] + str((int(n[9]) + 1) % 10) for n in numbers])
    if kind == "missing_nhs_number":
        table = _set(table, shape.nhs_number, [None] * count)
        return _set(table, STATUS, ["04"] * count) if STATUS in table.column_names else table
    if kind == "future_date":
        return _in_the_future(table, shape=shape, given=given)
    if kind == "birth_after_event":
        happened = table[shape.date].to_pylist()
        return _set(table, shape.birth_date, [str(np.datetime64(day) + 30) for day in happened])
    if kind == "after_death":
        days = [str(np.datetime64(int(day) + 10, "D")) for day in death]
        for header in (shape.date, *shape.empties):
            table = _set(table, header, days)
        return table
    value = {
        "unknown_code": shape.unknown,
        "withdrawn": shape.withdrawn,
        "pseudo_practice": (shape.practice, PSEUDO_PRACTICE),
        "impossible_pressure": ("Value", "1200"),
        "impossible_body_mass": ("Value", "430"),
    }.get(kind)
    if value is not None:
        return _set(table, value[0], [value[1]] * count)
    if kind == "impossible_unit":
        return _set(_set(table, "Value", ["16.4"] * count), "Unit", ["kPa"] * count)
    return table


def _in_the_future(table: pa.Table, *, shape: Shape, given: Circumstances) -> pa.Table:
    count = table.num_rows
    table = _set(table, shape.date, [str(np.datetime64(given.impossible + k % 300, "D")) for k in range(count)])
    for header in shape.empties:
        table = _set(table, header, [None] * count)
    for header, value in shape.sets.items():
        table = _set(table, header, [value] * count)
    return table


def _set(table: pa.Table, header: str, values: Sequence[str | None]) -> pa.Table:
    return table.set_column(table.column_names.index(header), header, pa.array(values, pa.string()))
