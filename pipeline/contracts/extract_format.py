"""Formats of an extract by date: what an older file calls its columns and codes, and what that is today.

A format is told by the END of the period a delivery covers. Where two may be sent for the same period and have
the same header line, the values that only the older one knows decide. Pure descriptions: nothing reads a file.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from pipeline.contracts.extract_parts import Column, Declared, Name


class Format(Declared):
    """One format and the period ends it may be sent for, both included; None is open.

    headers: our name -> what this format calls the column. absent: our names of columns it does not have.
    values: our name -> (value of this format -> value of the current one). The current format has none of these.
    note: what an engineer should know, for the supplier's page.
    """

    name: str
    valid_from: date | None = None
    valid_to: date | None = None
    headers: dict[Name, str] = {}
    absent: tuple[Name, ...] = ()
    values: dict[Name, dict[str, str]] = {}
    note: str = ""

    @property
    def is_current(self) -> bool:
        """Whether this is the format in which the contract declares its columns."""
        return not (self.headers or self.absent or self.values)

    def covers(self, period_end: date) -> bool:
        """Whether a delivery whose period ends on this day may be in this format."""
        return (self.valid_from is None or self.valid_from <= period_end) and (
            self.valid_to is None or period_end <= self.valid_to
        )

    def header_line(self, columns: Sequence[Column]) -> tuple[str, ...]:
        """The header line of a file in this format, in the order of the contract's columns."""
        return tuple(
            self.headers.get(column.name, column.header) for column in columns if column.name not in self.absent
        )

    def names(self, columns: Sequence[Column]) -> tuple[str, ...]:
        """Our names of the columns a file in this format has, in its order."""
        return tuple(column.name for column in columns if column.name not in self.absent)


def with_header(columns: Sequence[Column], found: Sequence[str], formats: Sequence[Format]) -> tuple[Format, ...]:
    """Those of the formats whose header line is exactly the one found, in the order given."""
    return tuple(one for one in formats if one.header_line(columns) == tuple(found))


def telling_columns(formats: Sequence[Format]) -> tuple[str, ...]:
    """Columns whose values tell these formats apart; empty when there is nothing to decide."""
    if len(formats) < 2:
        return ()
    return tuple(sorted({name for one in formats for name in one.values}))


def choose(formats: Sequence[Format], present: Mapping[str, Collection[str]]) -> Format:
    """The format of a file among those with its header line, newest first: the one whose values it holds.

    `present`: the distinct values of the `telling_columns`, trimmed. A file that holds no value which only an
    older format knows is of the newest. Raises ValueError for no formats.
    """
    if not formats:
        raise ValueError("no format to choose from")
    for one in formats:
        older = [other for other in formats if other is not one]
        known = {(name, value) for other in older for name, values in other.values.items() for value in values}
        own = {(name, value) for name, values in one.values.items() for value in values}
        if not any(value in present.get(name, ()) for name, value in known - own):
            return one
    # Values of several formats in one file: what is not of the newest will be named by the rules.
    return formats[0]
