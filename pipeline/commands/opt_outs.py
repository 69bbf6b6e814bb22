"""The command that asks the check for national data opt-outs and reads its reply."""

import argparse
from typing import Any

from pipeline.commands.command import add_command, print_counts
from pipeline.contracts.settings import Settings


def add_opt_outs(commands: Any) -> None:
    """opt-outs."""
    opt_outs = add_command(
        commands, "opt-outs", "Ask the check for national data opt-outs, or read its reply (a person's act)", _opt_outs
    )
    opt_outs.add_argument("act", choices=("request", "read"), help="write the files to send, or read what came back")
    opt_outs.add_argument("--who", required=True, help="who sends or reads")
    opt_outs.add_argument("--reason", required=True, help="why, for the record; nothing about a patient")


def _opt_outs(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.at_hand.context import open_context
    from pipeline.steps.opt_out import opt_outs

    act = opt_outs.request if arguments.act == "request" else opt_outs.read
    result = act(open_context(settings), who=arguments.who, reason=arguments.reason)
    print_counts(f"opt-outs {arguments.act}", result.counts)
