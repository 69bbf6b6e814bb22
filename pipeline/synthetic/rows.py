"""Small parts all extracts are built from: drawing when things happen, and columns of text from numbers.

Knows nothing of any extract. Days are day numbers (days since 1 January 1970).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.synthetic.hidden import DAYS_PER_MONTH, Lives
from pipeline.synthetic.people import NEVER, People

# Arrays of one length that belong together: person, day and what else there is.
Part = tuple[np.ndarray, ...]


def draw_happenings(
    rate: np.ndarray, people: People, lives: Lives, *, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """(person, day) of events drawn from monthly rates (step by person), within each one's time here."""
    lengths = np.diff(lives.starts)
    counts = rng.poisson(np.maximum(rate, 0) * (lengths / DAYS_PER_MONTH)[:, None])
    step, person = np.nonzero(counts)
    times = counts[step, person]
    step, person = np.repeat(step, times), np.repeat(person, times)
    day = lives.starts[step] + np.floor(rng.random(len(step)) * lengths[step]).astype(np.int64)
    inside = (day >= people.birth[person]) & (day <= people.last_day[person])
    return person[inside], day[inside]


def state_at(matrix: np.ndarray, lives: Lives, person: np.ndarray, day: np.ndarray) -> np.ndarray:
    """A quantity of the latent state for each event, taken from the step its day is in."""
    step = np.clip(np.searchsorted(lives.starts, day, side="right") - 1, 0, len(matrix) - 1)
    return np.asarray(matrix[step, person])


def numbered(prefix: str, numbers: np.ndarray, *, width: int = 0) -> pa.Array:
    """Text identifiers: the prefix and the number, padded with zeros to the width."""
    digits = pc.cast(pa.array(np.asarray(numbers, dtype=np.int64)), pa.string())
    padded = pc.utf8_lpad(digits, width, "0") if width else digits
    return pc.binary_join_element_wise(pa.scalar(prefix), padded, "")


def picked(values: Sequence[str] | np.ndarray, index: np.ndarray) -> pa.Array:
    """Text values by index."""
    known = pa.array(values) if isinstance(values, np.ndarray) else pa.array(list(values), pa.string())
    return known.take(pa.array(np.asarray(index, dtype=np.int64)))


def same(value: str, count: int) -> pa.Array:
    """One text for every row."""
    return pa.repeat(pa.scalar(value, pa.string()), count)


def dates(days: np.ndarray) -> pa.Array:
    """ISO dates as text; null where the day is NEVER."""
    never = np.asarray(days) >= NEVER
    stamps = np.where(never, 0, days).astype("datetime64[D]")
    return pc.cast(pa.array(stamps, mask=never), pa.string())


def blanked(values: pa.Array, mask: np.ndarray) -> pa.Array:
    """The values with null where the mask is true."""
    return pc.if_else(pa.array(mask), pa.scalar(None, pa.string()), values)


def decimals(values: np.ndarray, *, places: int = 0) -> pa.Array:
    """Numbers as text with at most these decimals; null where NaN."""
    rounded = np.round(values, places)
    whole = pa.array(rounded, mask=np.isnan(values))
    return pc.cast(whole, pa.string())


def joined(parts: Sequence["Rows"]) -> "Rows":
    """Several sets of rows of one extract, one after another."""
    return Rows(
        table=pa.concat_tables([part.table for part in parts]),
        person=np.concatenate([part.person for part in parts]),
        day=np.concatenate([part.day for part in parts]),
        sender=np.concatenate([part.sender for part in parts]),
    )


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
