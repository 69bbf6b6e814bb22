"""Reads feature values as facts, and puts numbers and dates into words.

A null, a NaN or an absent column is unknown: it yields None or False, and no sentence may be built on it.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import SupportsFloat

from pipeline.rules.times import day_in_words

_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def number(values: Mapping[str, object], column: str) -> float | None:
    """The value as a number, or None when it is unknown."""
    found = values.get(column)
    if found is None or not isinstance(found, SupportsFloat):
        return None
    as_float = float(found)
    return None if math.isnan(as_float) else as_float


def count(values: Mapping[str, object], column: str) -> int | None:
    """The value as a whole number, or None when it is unknown."""
    found = number(values, column)
    return None if found is None else round(found)


def truth(values: Mapping[str, object], column: str) -> bool:
    """True only when the value is known and true."""
    return bool(number(values, column))


def known_false(values: Mapping[str, object], column: str) -> bool:
    """True only when the value is known and false, or known and zero."""
    return number(values, column) == 0


def day_since(values: Mapping[str, object], column: str, *, index_date: date) -> str | None:
    """The date a `…_days_since` column points to, in words, or None when it is unknown."""
    days = count(values, column)
    return None if days is None else day_in_words(index_date - timedelta(days=days))


def day(values: Mapping[str, object], fact: str) -> date | None:
    """The day of a fact, or None when it is unknown."""
    found = values.get(fact)
    return found if isinstance(found, date) else None


def told_day(values: Mapping[str, object], fact: str) -> str | None:
    """The day of a fact in words, or None when it is unknown."""
    found = day(values, fact)
    return None if found is None else day_in_words(found)


def word(values: Mapping[str, object], fact: str) -> str | None:
    """A fact in words, or None when it is unknown."""
    found = values.get(fact)
    return found if isinstance(found, str) and found else None


def in_words(how_many: int) -> str:
    """Words up to ten, digits beyond."""
    return _WORDS[how_many] if 0 <= how_many <= 10 else str(how_many)


def counted(how_many: int, one: str, many: str) -> str:
    """`three emergency admissions`, `one emergency admission`."""
    return f"{in_words(how_many)} {one if how_many == 1 else many}"


def sentence(text: str) -> str:
    """The text with a capital first letter; names such as eGFR keep their own spelling."""
    return text if text.startswith("eGFR") else text[:1].upper() + text[1:]


def joined(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def plain(figure: float, *, places: int = 0) -> str:
    """A measurement without a trailing point or noughts that mean nothing."""
    rounded = round(Decimal(str(figure)), places)
    return f"{rounded.normalize():f}"
