"""How far the records about a person reach: a silence is told with the last day on which it could have been broken.

Contacts and services come by the month or quarter, from each sender on its own: "none since" says little without it.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from pipeline.ledger import runs
from pipeline.ledger.deliveries import list_deliveries
from pipeline.ledger.runs import Run
from pipeline.steps.at_hand.context import Context

# Fact told -> the extract it is of, and the facts (sql/facts) that name who sends of the person, parted by spaces.
_REACHES = {
    "community_records_date": ("community_contact", ("community_senders",)),
    "care_records_date": ("social_care_event", ("care_councils", "reablement_councils")),
}
Reach = Mapping[tuple[str, str], date]


def reach_of(context: Context, run: Run) -> dict[tuple[str, str], date]:
    """By extract and sender, the last day that the run's deliveries tell of; never after the night."""
    wanted = set(runs.run_deliveries(context.ledger, run.run_key))
    extracts = {extract for extract, _ in _REACHES.values()}
    reach: dict[tuple[str, str], date] = {}
    for one in list_deliveries(context.ledger, states=["accepted", "held"]):
        if one.delivery_id in wanted and one.extract in extracts and one.latest_event_date is not None:
            day = min(one.latest_event_date, run.as_of)
            reach[one.extract, one.sender] = max(day, reach.get((one.extract, one.sender), day))
    return reach


def records_to(reach: Reach, details: Mapping[str, Any]) -> dict[str, date]:
    """The days up to which every sender that tells of the person has told; none of a sender that is not known."""
    told = {}
    for fact, (extract, names) in _REACHES.items():
        senders = {sender for name in names for sender in str(details.get(name) or "").split()}
        days = [reach.get((extract, sender)) for sender in senders]
        known = [day for day in days if day is not None]
        if known and len(known) == len(days):
            told[fact] = min(known)
    return told
