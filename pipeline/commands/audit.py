"""The audit from a shell: whether it is whole, and what it says."""

import argparse
from datetime import date
from typing import Any

from pipeline.commands.command import add_command
from pipeline.contracts.settings import Settings


def add_audit(commands: Any) -> None:
    """audit."""
    audit = add_command(commands, "audit", "Check that the audit is whole, or list what it says", _audit, writes=False)
    audit.add_argument("act", choices=("verify", "list"), help="what to do")
    audit.add_argument("--from", type=date.fromisoformat, dest="since", help="list: first day")
    audit.add_argument("--to", type=date.fromisoformat, dest="until", help="list: last day")
    audit.add_argument("--action", help="list: only this kind of row, such as publish, re-identify, promote, purge")
    audit.add_argument("--head", metavar="NUMBER:DIGEST", help="verify: a head noted elsewhere, still there")


def _audit(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.at_hand.context import open_context
    from pipeline.steps.upkeep.audit_trail import lines, verified

    context = open_context(settings)
    if arguments.act == "verify":
        head = verified(context, known=arguments.head)
        print(f"the audit is whole: {head.sequence} rows, head {head.sequence}:{head.digest}")
        return
    for line in lines(context, action=arguments.action, since=arguments.since, until=arguments.until):
        print(line)
