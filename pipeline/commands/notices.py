"""Commands about alerts: find and send what somebody must be told of a night, and list what was told."""

import argparse
from datetime import date
from typing import Any

from pipeline.commands.command import add_as_of, add_command, print_counts
from pipeline.contracts.settings import Settings

MOST = 10


def add_notices(commands: Any) -> None:
    """notify, notices."""
    # Not alone: it must tell of a night that still holds the home. The ledger takes its row in one transaction.
    notify = add_command(commands, "notify", "Tell what somebody must be told of a night", _notify, writes=False)
    add_as_of(notify, "the night that should have been published")
    notify.add_argument("--dry-run", action="store_true", help="only show what would be told")
    notices = add_command(commands, "notices", "What was told, when, and by which way", _notices, writes=False)
    notices.add_argument("--most", type=int, default=MOST, help=f"how many, the newest first (default {MOST})")
    notices.add_argument("--json", action="store_true", help="for machines")


def _notify(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.rules.alerts import notice_lines
    from pipeline.steps.at_hand.context import open_context
    from pipeline.steps.tell.alerts import alerts_of_night, notify, notify_closed_home

    night: date = arguments.as_of
    try:
        context = open_context(settings)
    # A ledger that does not open is a library's error: of that, too, somebody is told before it is raised again.
    except Exception as error:
        if not arguments.dry_run:
            ways = notify_closed_home(settings, error, as_of=night)
            print("; ".join(f"told by {way}: {why}" for way, why in ways.items()) or "told before")
        raise
    if arguments.dry_run:
        print("\n".join(notice_lines(alerts_of_night(context, as_of=night), as_of=night)))
        return
    print_counts("notify", notify(context, as_of=night))


def _notices(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.at_hand.context import open_context
    from pipeline.steps.tell.alerts_told import notices_as_json, notices_told

    context = open_context(settings)
    if arguments.json:
        print(notices_as_json(context, most=arguments.most))
        return
    print("\n".join(notices_told(context, most=arguments.most)))
