"""A delivery held against its sender's own history: rows, empty columns, codes, means, dates.

Pure. What the sender usually sends is the only yardstick: no two senders are compared. A bulk history is compared with
nothing, and nothing is said until there are enough deliveries of the same kind of day or period.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import exp, log, log2, sqrt
from statistics import median

NEEDED = 4  # earlier deliveries, below which nothing is said of distributions
NEEDED_OF_KIND = 3  # and of the same kind of day or period, below which nothing is said of volume
LOOKED_AT = 8  # the latest so many: older ones belong to another season
FEWEST_ROWS = 20  # below, chance alone halves a delivery
FEWEST_ROWS_OF_SHARES = 100
# Of the usual volume. Between them lies what weekdays, months and seasons do (a Monday brings half as much again).
HALVED, DOUBLED = 0.7, 1.85
# A share of empty fields that rises by a tenth of all rows; codes whose distribution moves by so many bits of
# Jensen-Shannon divergence (0.03 is a tenth of the rows changing code); a mean that moves by a fifth.
EMPTIER, OTHER_CODES, OTHER_MEAN = 0.10, 0.03, 0.20
# Dates of a file for the wrong month: almost none in the period of the receipt, where usually most are.
MOSTLY_IN_PERIOD, HARDLY_IN_PERIOD = 0.5, 0.05
_WEEKEND = 5
_REST, _AFTER_REST, _WORKING = "rest", "after rest", "working"
# The measure of a delivery that was itself noticed as too short or too long.
ODD_VOLUME = "odd.volume"

# code: (level, what the supplier reads, what to do next); {column} is the header of the column.
HISTORY_RULES = {
    "HIST-001": (
        "count",
        "The file is much shorter than your earlier deliveries of the same kind: less than seven tenths of their rows",
        "check that nothing was left out; send it again if something was",
    ),
    "HIST-002": (
        "count",
        "The file is much longer than your earlier deliveries of the same kind: about twice their rows, or more",
        "check that nothing is in it twice and that it covers the period on the receipt",
    ),
    "HIST-003": (
        "count",
        "{column} is empty far more often than in your earlier deliveries",
        "check that your system still fills it",
    ),
    "HIST-004": (
        "count",
        "The codes in {column} are distributed quite differently from your earlier deliveries",
        "check that the codes still mean the same",
    ),
    "HIST-005": (
        "count",
        "The mean of {column} lies far from that of your earlier deliveries",
        "check the unit in which it is written",
    ),
    "HIST-006": (
        "refuse",
        "The file holds no row, and would take back every row of the one that it replaces",
        "send the file with its rows; if there really are none, say so to the operator, who may accept it as it is",
    ),
    "PERIOD-001": (
        "refuse",
        "The dates in the file lie almost all outside the period on its receipt",
        "check which period the file holds, correct the receipt or send the right file",
    ),
    "HEADER-001": (
        "refuse",
        "The file does not hold as many rows as your system's own header record counts",
        "send the whole file again",
    ),
}


@dataclass(frozen=True)
class Past:
    """One earlier accepted regular delivery of the sender: the period's last day, its rows, what it measured."""

    period_end: date
    rows: int
    measures: Mapping[str, float]

    @property
    def is_usual(self) -> bool:
        """Whether its own volume was as usual."""
        return not self.measures.get(ODD_VOLUME)


@dataclass(frozen=True)
class Finding:
    """A rule of HISTORY_RULES that the delivery breaks, and the column (our name) it is about, if any."""

    rule: str
    column: str = ""


def comparable(
    past: Sequence[Past],
    *,
    period_end: date,
    every: str,
    rest_days: Collection[date] = (),
    needed: int = NEEDED_OF_KIND,
) -> list[Past]:
    """The latest deliveries of the same kind, oldest first.

    Daily ones are of three kinds: of a day of rest (weekend or public holiday), of the first working day after one,
    which brings what had gathered, and of another working day; with too few of the second any working day will do.
    What was itself noticed as too short or too long is no yardstick, until it has become the rule.
    """
    alike = [one for one in past if one.is_usual] if any(one.is_usual for one in past[-NEEDED:]) else past[-NEEDED:]
    if every != "day":
        return list(alike[-LOOKED_AT:])
    kinds = [_kind(one.period_end, rest_days) for one in alike]
    kind = _kind(period_end, rest_days)
    same = [one for one, its in zip(alike, kinds, strict=True) if its == kind]
    if kind == _AFTER_REST and len(same) < needed:
        same = [one for one, its in zip(alike, kinds, strict=True) if its != _REST]
    return same[-LOOKED_AT:]


def fewest_rows(past: Sequence[Past], *, share: float, needed: int, looked_at: int) -> int:
    """Rows below which a delivery is refused as short: a share of the median of comparable ones.

    0 while there are too few of them, and where they are so short that chance alone may empty one.
    """
    last = [one.rows for one in past][-looked_at:]
    return int(median(last) * share) if len(last) >= needed and median(last) >= FEWEST_ROWS else 0


def volume(rows: int, past: Sequence[Past]) -> list[Finding]:
    """Whether there are about half or twice as many rows as in comparable deliveries, beyond what chance does."""
    logs = [log(one.rows) for one in past if one.rows > 0]
    if len(logs) < NEEDED_OF_KIND:
        return []
    middle = median(logs)
    usual = exp(middle)
    if usual < FEWEST_ROWS:
        return []
    spread = sqrt(_spread(logs, middle) ** 2 + 1 / usual)
    moved = log(max(rows, 0.5)) - middle
    if moved <= log(HALVED) and moved < -2.5 * spread:
        return [Finding("HIST-001")]
    if moved >= log(DOUBLED) and moved > 2.5 * spread:
        return [Finding("HIST-002")]
    return []


def distribution(measures: Mapping[str, float], past: Sequence[Past], *, watched: Mapping[str, str]) -> list[Finding]:
    """Columns whose emptiness, codes or mean moved; `watched` maps each column to what is watched of it."""
    enough = [one for one in past if one.rows >= FEWEST_ROWS_OF_SHARES][-LOOKED_AT:]
    rows = measures.get("rows", 0)
    if len(enough) < NEEDED or rows < FEWEST_ROWS_OF_SHARES:
        return []
    found = []
    for column, kind in watched.items():
        earlier = [one.measures for one in enough]
        if _is_emptier(column, measures, earlier, rows=rows):
            found.append(Finding("HIST-003", column))
        elif kind == "share_of_codes" and _has_other_codes(column, measures, earlier, rows=rows):
            found.append(Finding("HIST-004", column))
        elif kind == "mean" and _has_other_mean(column, measures, earlier):
            found.append(Finding("HIST-005", column))
    return found


def wrong_period(measures: Mapping[str, float], past: Sequence[Past]) -> list[Finding]:
    """Whether the rows speak of another period than the receipt.

    Where each row names its reporting period that alone decides; else it takes a history in which most dates lie in
    the receipt's period.
    """
    if measures.get("rows", 0) < FEWEST_ROWS:
        return []
    named = measures.get("share.named_period")
    if named is not None:
        return [Finding("PERIOD-001")] if named <= HARDLY_IN_PERIOD else []
    dated = measures.get("share.in_period")
    earlier = [one.measures["share.in_period"] for one in past if "share.in_period" in one.measures]
    usual = len(earlier) >= NEEDED and median(earlier) >= MOSTLY_IN_PERIOD
    return [Finding("PERIOD-001")] if usual and dated is not None and dated <= HARDLY_IN_PERIOD else []


def divergence(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """Jensen-Shannon divergence of two distributions, in bits: 0 the same, 1 nothing in common."""
    total = 0.0
    for code in sorted({*one, *other}):
        p, q = one.get(code, 0.0), other.get(code, 0.0)
        middle = (p + q) / 2
        total += sum(share / 2 * log2(share / middle) for share in (p, q) if share > 0)
    return max(total, 0.0)


def _is_emptier(
    column: str, measures: Mapping[str, float], earlier: Sequence[Mapping[str, float]], *, rows: float
) -> bool:
    name = f"empty.{column}"
    shares = [one[name] for one in earlier if name in one]
    if name not in measures or len(shares) < NEEDED:
        return False
    usual = median(shares)
    chance = sqrt(max(usual * (1 - usual), 0.01) / rows)
    return measures[name] - usual > max(EMPTIER, 4 * _spread(shares, usual, least=0.0), 4 * chance)


def _has_other_codes(
    column: str, measures: Mapping[str, float], earlier: Sequence[Mapping[str, float]], *, rows: float
) -> bool:
    now = _codes(column, measures)
    before = [codes for codes in (_codes(column, one) for one in earlier) if codes]
    if not now or len(before) < NEEDED:
        return False
    names = sorted({code for codes in before for code in codes})
    usual = {code: sum(codes.get(code, 0.0) for codes in before) / len(before) for code in names}
    # What its own deliveries differ by, and what drawing so few rows would make of the same distribution.
    as_usual = max(divergence(codes, usual) for codes in before)
    chance = len({*names, *now}) / rows
    return divergence(now, usual) > max(OTHER_CODES, 2.5 * as_usual) + chance


def _has_other_mean(column: str, measures: Mapping[str, float], earlier: Sequence[Mapping[str, float]]) -> bool:
    name = f"mean.{column}"
    means = [one[name] for one in earlier if name in one]
    if name not in measures or len(means) < NEEDED:
        return False
    usual = median(means)
    return abs(measures[name] - usual) > max(OTHER_MEAN * abs(usual), 4 * _spread(means, usual, least=0.0))


def _codes(column: str, measures: Mapping[str, float]) -> dict[str, float]:
    start = f"code.{column}="
    return {name.removeprefix(start): share for name, share in measures.items() if name.startswith(start)}


def _spread(values: Sequence[float], middle: float, *, least: float = 0.08) -> float:
    """Robust standard deviation: the median distance from the middle, scaled; a few outliers do not widen it."""
    return max(1.4826 * median([abs(value - middle) for value in values]), least)


def _kind(day: date, rest_days: Collection[date]) -> str:
    if _is_rest(day, rest_days):
        return _REST
    return _AFTER_REST if _is_rest(day - timedelta(days=1), rest_days) else _WORKING


def _is_rest(day: date, rest_days: Collection[date]) -> bool:
    return day.weekday() >= _WEEKEND or day in rest_days
