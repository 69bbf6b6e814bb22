"""Counts of people as they may stand on an operator's screen, page or metric: small ones are not told.

The bound is that of the counts for planners (disclosure.py): 0 to 7 are told alike. Counts of one practice are rounded
to 5 besides. This keeps small numbers out of tickets, mails and dashboards; it is no release of statistics, and what
may leave is decided in disclosure.py alone. Pure.
"""

from pipeline.rules.disclosure import LARGEST_SUPPRESSED, rounded

FEW = f"{LARGEST_SUPPRESSED} or fewer"


def told_or_none(count: int) -> int | None:
    """The count, or None where it is small."""
    return None if count <= LARGEST_SUPPRESSED else count


def shown(count: int) -> str:
    """A count of people of the whole region: itself, or "7 or fewer"."""
    return FEW if count <= LARGEST_SUPPRESSED else f"{count:,}"


def shown_roughly(count: int) -> str:
    """A count of people of one practice: "about" the nearest multiple of 5, or "7 or fewer"."""
    near = rounded(count)
    return FEW if near is None else f"about {near:,}"
