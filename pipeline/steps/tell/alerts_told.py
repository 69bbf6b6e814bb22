"""What has been told: what stood open at the last notice, which ways failed, and every notice as a line of text.

Reads the ledger alone.
"""

import json

from pipeline.channels.notify import SENT
from pipeline.ledger.notices import Notice, last_notice, list_notices
from pipeline.rules.alerts import Alert, from_row, still_open, summary
from pipeline.steps.at_hand.context import Context


def open_alerts(context: Context) -> list[Alert]:
    """What stood open after the last notice, the gravest first; nothing where none was ever sent."""
    last = last_notice(context.ledger)
    return [] if last is None else still_open(alerts_in(last))


def alerts_in(notice: Notice) -> list[Alert]:
    """The alerts of a notice."""
    return [from_row(row) for row in notice.alerts]


def unsent_ways(context: Context) -> dict[str, str]:
    """Ways by which the last notice did not go out, and why."""
    last = last_notice(context.ledger)
    return {} if last is None else {way: why for way, why in last.ways.items() if why != SENT}


def notices_told(context: Context, *, most: int) -> list[str]:
    """The newest notices, the newest first: when, which night, how many alerts, by which way, and each alert."""
    lines = []
    for one in reversed(list_notices(context.ledger)[-most:]):
        ways = ", ".join(f"{way} {why}" for way, why in sorted(one.ways.items())) or "nothing to send by"
        lines.append(f"{one.at:%Y-%m-%d %H:%M} UTC, night of {one.as_of}: {summary(alerts_in(one))}; {ways}")
        for alert in alerts_in(one):
            lines.append(f"  {alert.state.upper()} {alert.name}: {alert.says} (since {alert.since}, {alert.runbook})")
    return lines or ["Nobody has been told of anything yet"]


def notices_as_json(context: Context, *, most: int) -> str:
    """The same for machines."""
    found = [vars(one) for one in reversed(list_notices(context.ledger)[-most:])]
    return json.dumps(found, default=str, sort_keys=True, indent=2)
