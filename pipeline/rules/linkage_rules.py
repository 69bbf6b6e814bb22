"""Linkage without data: whose number another one became, what a supplier is told, and when a rate is out of bounds.

Pure. NHS numbers come in as text and leave as text; what is done with them is for the steps to say.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

# code: (what the supplier reads, what to do next)
LINKAGE_RULES = {
    "LINK-001": (
        "The NHS number is empty: the row is kept apart and counts for nobody",
        "trace the person and send the row again",
    ),
    "LINK-002": (
        "The NHS number has a wrong check digit: the row is kept apart and counts for nobody",
        "trace the person and send the row again",
    ),
    "LINK-003": (
        "The row is dated after the person's death as their practice recorded it",
        "check the date and the person; the row is kept",
    ),
    "LINK-004": (
        "The NHS number was superseded by another: the row counts for the person under the current number",
        "send the person's current number",
    ),
    "LINK-005": (
        "The NHS number is not on any GP list, or stands twice on one, and birth date and address are those of "
        "a person listed under another number: likely one person under two numbers",
        "trace the person",
    ),
    "LINK-006": (
        "The birth date is not the one that the GP lists have for this NHS number: the row is kept apart and counts "
        "for nobody",
        "check number and birth date, trace the person and send the row again",
    ),
    "LINK-007": (
        "Another practice lists a person of another name and birth date under this NHS number: likely two people "
        "under one number, and neither is on any register until it is settled",
        "trace the person and correct the list",
    ),
}
# Rows that look like somebody's and are kept apart all the same.
CONFLICTS = ("LINK-005", "LINK-006", "LINK-007")


@dataclass(frozen=True)
class Rate:
    """A share of a delivery's rows that is watched: what it is of, and the least rise that is worth a notice."""

    says: str
    least_rise: float


# Shares of the accepted rows, by the name of the measure.
RATES: Mapping[str, Rate] = {
    "linkage.unlinked": Rate("without a usable NHS number", 0.01),
    "linkage.conflict": Rate("in conflict with the GP lists", 0.005),
    "linkage.unlisted": Rate("rows of people on no GP list", 0.03),
}
# The measure that says a rate was itself out of bounds: such a delivery is no yardstick.
ODD = "linkage.odd."
NEEDED, LOOKED_AT = 4, 8
FEWEST_ROWS = 20


def linkage_summary(*, valid: int, linked: int, opted_out: int) -> str:
    """How many of the accepted rows found their person; who dissents is not told apart from who is unknown."""
    found = linked + opted_out
    return f"{found:,} of {valid:,} accepted rows found their person; {valid - found:,} are kept apart."


def current_numbers(changes: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The number that stands at the end of each chain of (superseded, current); a chain that turns on itself has none.

    A superseded number may stand once; of several entries the last counts.
    """
    following = dict(changes)
    ends: dict[str, str] = {}
    for number in following:
        seen, at = {number}, following[number]
        while at in following and at not in seen:
            seen.add(at)
            at = following[at]
        if at not in seen:
            ends[number] = at
    return ends


def numbers_of_one(changes: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    """All numbers that belong together through changes, by each of them; a turning chain belongs together too."""
    groups: dict[str, set[str]] = {}
    for one, other in changes:
        together = groups.get(one, {one}) | groups.get(other, {other})
        for number in together:
            groups[number] = together
    return {number: frozenset(group) for number, group in groups.items()}


def odd_rates(measures: Mapping[str, float], past: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Rates above their bound, and that bound; nothing with fewer than NEEDED earlier deliveries of the sender.

    `measures` hold `linkage.rows` and the shares of RATES; `past` those of earlier deliveries, oldest first. The bound
    is the median of the latest LOOKED_AT usual ones and, beyond it, the least rise, four of their spreads or four
    standard errors of so many rows, whichever is most.
    """
    rows = measures.get("linkage.rows", 0)
    found: dict[str, float] = {}
    for name, rate in RATES.items():
        usual = [one[name] for one in past if name in one and one.get("linkage.rows", 0) >= FEWEST_ROWS]
        odd = [one.get(f"{ODD}{name}", 0) for one in past if name in one and one.get("linkage.rows", 0) >= FEWEST_ROWS]
        # What was odd and has been so ever since is the rule by now.
        if not all(odd[-NEEDED:]):
            usual = [share for share, was_odd in zip(usual, odd, strict=True) if not was_odd]
        usual = usual[-LOOKED_AT:]
        if name not in measures or rows < FEWEST_ROWS or len(usual) < NEEDED:
            continue
        middle = median(usual)
        spread = 1.4826 * median([abs(share - middle) for share in usual])
        chance = (max(middle * (1 - middle), 1 / rows) / rows) ** 0.5
        bound = middle + max(rate.least_rise, 4 * spread, 4 * chance)
        if measures[name] > bound:
            found[name] = bound
    return found
