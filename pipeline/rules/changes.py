"""What changed for a person since the practice's last edition, and why someone left it.

Five percentage points is where a change of risk is called rising or falling: smaller ones are within what scores
move from one week to the next without anything having happened.
"""

from datetime import date
from decimal import Decimal
from typing import Literal

Change = Literal["new", "returned", "rising", "falling", "steady", "joined"]
Reason = Literal["died", "moved", "removed", "risk_fell", "source_missing"]

NOTICEABLE = Decimal("0.05")


def change(*, risk: Decimal, risk_before: Decimal | None, was_listed_earlier: bool, has_joined: bool = False) -> Change:
    """'new', 'returned', 'rising', 'falling' or 'steady'; `risk_before` is None when not on the last edition.

    'joined' whatever the risk, when the last edition was that of a practice that has merged into this one: the people
    who read the list have not seen this person on it before.
    """
    if has_joined:
        return "joined"
    if risk_before is None:
        return "returned" if was_listed_earlier else "new"
    if risk - risk_before >= NOTICEABLE:
        return "rising"
    return "falling" if risk_before - risk >= NOTICEABLE else "steady"


def reason_for_leaving(
    *,
    death_date: date | None,
    index_date: date,
    is_registered_here: bool,
    was_nominated: bool = False,
    is_source_lost: bool = False,
) -> Reason:
    """'died', 'moved' (no longer this practice's patient), 'removed' (nominated, and now no longer), 'risk_fell', or
    'source_missing'.

    When a source of the last edition is not in this one, nobody can say that a risk fell: what raised it may only be
    out of sight.
    """
    if death_date is not None and death_date < index_date:
        return "died"
    if not is_registered_here:
        return "moved"
    if was_nominated:
        return "removed"
    return "source_missing" if is_source_lost else "risk_fell"
