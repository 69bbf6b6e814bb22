"""Past nights made again: as they were known then, or with what is known now."""

import argparse
from datetime import date
from typing import Any

from pipeline.commands.command import add_command
from pipeline.contracts.settings import Settings


def add_backfill(commands: Any) -> None:
    """backfill, which takes the home for each night by itself and lets others in between."""
    parser = add_command(
        commands,
        "backfill",
        "Make past nights again, apart from every edition, and compare them with what was published",
        _backfill,
        writes=False,
    )
    parser.add_argument("--from", dest="first", type=date.fromisoformat, required=True, help="first as-of date")
    parser.add_argument("--to", dest="last", type=date.fromisoformat, required=True, help="last as-of date")
    parser.add_argument("--every", choices=("day", "week", "month"), required=True, help="counted from the first date")
    parser.add_argument(
        "--knowledge",
        choices=("then", "now"),
        default="then",
        help="what was known on each night, or today's corrected data; opt-outs are always today's",
    )
    parser.add_argument("--send", action="store_true", help="send the packs to practices, which is not done otherwise")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done, night by night")


def _backfill(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.commands.command import print_counts
    from pipeline.steps.at_hand.context import open_context
    from pipeline.steps.backfill.run import Wanted, backfill, would_do

    wanted = Wanted(arguments.first, arguments.last, arguments.every, arguments.knowledge, arguments.send)
    if arguments.dry_run:
        print("\n".join(would_do(open_context(settings), wanted=wanted)))
        return
    print_counts("backfill", backfill(settings, wanted=wanted))
