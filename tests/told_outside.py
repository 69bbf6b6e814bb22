"""Every sentence that could be told from outside the GP record, whether or not a page has room for it."""

from collections.abc import Mapping
from datetime import date

from pipeline.rules.reasons_context import from_outside


def not_in_gp_record(values: Mapping[str, object], *, index_date: date) -> tuple[str, ...]:
    """The sentences in a fixed order."""
    return tuple(each for each in from_outside(values, index_date=index_date).values() if each is not None)
