"""Commands of delivery: send and follow, look into the mailbox, and settle what only a person can."""

import argparse
from typing import Any

from pipeline.commands.command import add_command, print_counts
from pipeline.contracts.settings import Settings


def add_deliver(commands: Any) -> None:
    """deliver, collect, settle."""
    add_command(
        commands,
        "deliver",
        "Send what waits in the outbox, find out about lost answers, follow what was sent, look into the mailbox",
        _deliver,
    )
    add_command(commands, "collect", "Look into the mailbox and take in what came", _collect)
    settle = add_command(commands, "settle", "Say what became of a message (a person's act)", _settle)
    settle.add_argument("id", help="a local id or message id, as status shows it")
    verdict = settle.add_mutually_exclusive_group(required=True)
    verdict.add_argument("--arrived", dest="verdict", action="store_const", const="arrived", help="its reader has it")
    verdict.add_argument("--again", dest="verdict", action="store_const", const="again", help="its reader has it not")
    verdict.add_argument("--drop", dest="verdict", action="store_const", const="drop", help="it is of no use any more")
    settle.add_argument("--who", required=True, help="who says so")
    settle.add_argument("--reason", required=True, help="whom they asked and what was said; nothing about a patient")


def _deliver(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.at_hand.context import open_context
    from pipeline.steps.exchange.deliver import deliver

    print_counts("deliver", deliver(open_context(settings)).counts)


def _collect(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.at_hand.context import open_context
    from pipeline.steps.exchange.collect import collect

    print_counts("collect", collect(open_context(settings)).counts)


def _settle(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.at_hand.context import open_context
    from pipeline.steps.exchange.settle import settle

    told = settle(
        open_context(settings),
        name=arguments.id,
        verdict=arguments.verdict,
        who=arguments.who,
        reason=arguments.reason,
    )
    print(told)
