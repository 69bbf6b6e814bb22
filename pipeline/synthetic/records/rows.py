"""Columns of text from numbers, and the rows every extract is made of. Knows nothing of any extract.

Days are day numbers (days since 1 January 1970); NEVER where something has not happened.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

NEVER = 10**6  # the day number the population uses for what has not happened


def numbered(prefix: str, numbers: np.ndarray, *, width: int = 0) -> pa.Array:
    """Text identifiers: the prefix and the number, padded with zeros to the width."""
    digits = pc.cast(pa.array(np.asarray(numbers, dtype=np.int64)), pa.string())
    padded = pc.utf8_lpad(digits, width, "0") if width else digits
    return pc.binary_join_element_wise(pa.scalar(prefix), padded, "")


def picked(values: Sequence[str] | np.ndarray, index: np.ndarray) -> pa.Array:
    """Text values by index."""
    known = pa.array(values) if isinstance(values, np.ndarray) else pa.array(list(values), pa.string())
    return known.take(pa.array(np.asarray(index, dtype=np.int64)))


def same(value: str | None, count: int) -> pa.Array:
    """One text for every row."""
    return pa.repeat(pa.scalar(value, pa.string()), count)


def dates(days: np.ndarray) -> pa.Array:
    """ISO dates as text; null where the day is NEVER."""
    never = np.asarray(days) >= NEVER
    stamps = np.where(never, 0, days).astype("datetime64[D]")
    return pc.cast(pa.array(stamps, mask=never), pa.string())


def times(days: np.ndarray, minutes: np.ndarray) -> pa.Array:
    """ISO times as text from days and minutes after midnight."""
    stamps = np.asarray(days).astype("datetime64[D]").astype("datetime64[s]")
    whole = stamps + (np.asarray(minutes) * 60).astype("timedelta64[s]")
    return pa.array(np.datetime_as_string(whole, unit="s").astype(object), pa.string())


def blanked(values: pa.Array, mask: np.ndarray) -> pa.Array:
    """The values with null where the mask is true."""
    return pc.if_else(pa.array(mask), pa.scalar(None, pa.string()), values)


def decimals(values: np.ndarray, *, places: int = 0) -> pa.Array:
    """Numbers as text with at most these decimals; null where NaN."""
    rounded = np.round(np.asarray(values, dtype=np.float64), places)
    return pc.cast(pa.array(rounded, mask=np.isnan(values)), pa.string())


def joined_text(left: pa.Array, right: pa.Array) -> pa.Array:
    """Two texts put together."""
    return pc.binary_join_element_wise(left, right, "")


@dataclass(frozen=True)
class Rows:
    """Rows of one extract as its sender writes them, with what only the generator knows beside each.

    table: text columns under the standard's headers. person: index; day: day of the event; sender: code.
    """

    table: pa.Table
    person: np.ndarray
    day: np.ndarray
    sender: np.ndarray

    def where(self, mask: np.ndarray) -> "Rows":
        return Rows(self.table.filter(pa.array(mask)), self.person[mask], self.day[mask], self.sender[mask])

    def take(self, index: np.ndarray) -> "Rows":
        return Rows(
            self.table.take(pa.array(np.asarray(index, dtype=np.int64))),
            self.person[index],
            self.day[index],
            self.sender[index],
        )

    def with_columns(self, columns: dict[str, str | None]) -> "Rows":
        """Every row with these columns set to one text."""
        table = self.table
        for header, value in columns.items():
            filled = pa.array([value] * table.num_rows, pa.string())
            table = table.set_column(table.schema.get_field_index(header), header, filled)
        return Rows(table, self.person, self.day, self.sender)


Period = tuple[int, int]


@dataclass(frozen=True)
class Telling:
    """What a sender is asked for: everything it knows on a day, or only what is new since another day.

    period: first and last day of the reporting period wanted, or all; stamp: the version hospitals write.
    """

    known: int
    changed_after: int | None = None
    period: Period | None = None
    stamp: str | None = None

    @property
    def after(self) -> int:
        """The day after which something counts as new."""
        return -NEVER if self.changed_after is None else self.changed_after

    def news(self, told: np.ndarray) -> np.ndarray:
        """Which days of becoming known are new to the one who is told."""
        return np.asarray((told <= self.known) & (told > self.after))

    def in_period(self, day: np.ndarray) -> np.ndarray:
        """Which days are in the period; all when none is wanted."""
        if self.period is None:
            return np.ones(len(day), dtype=bool)
        return np.asarray((day >= self.period[0]) & (day <= self.period[1]))
