"""Rerun: the one command that does again what a night has done."""

import argparse
from typing import Any

from pipeline.commands.command import add_as_of, add_command
from pipeline.contracts.settings import Settings
from pipeline.rules.stages import STAGES


def add_rerun(commands: Any) -> None:
    """rerun."""
    again = add_command(
        commands, "rerun", "Do a night's run again from a stage on, under the same run key (a person's act)", _rerun
    )
    add_as_of(again, "the night whose run it is")
    again.add_argument("--from", dest="from_stage", choices=STAGES, required=True, help="first stage to do again")
    again.add_argument("--run-key", help="where the date has several runs (default: the night's own)")
    again.add_argument("--who", required=True, help="who decides")
    again.add_argument("--reason", required=True, help="why, for the record")


def _rerun(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.at_hand.context import open_context
    from pipeline.steps.night.rerun import rerun, told

    done = rerun(
        open_context(settings),
        as_of=arguments.as_of,
        from_stage=arguments.from_stage,
        who=arguments.who,
        reason=arguments.reason,
        run_key=arguments.run_key,
    )
    print("\n".join(told(done)))
