"""Commands that tell why a night is as it is: its report, and one practice's register in counts."""

import argparse
from typing import Any

from pipeline.commands.command import add_as_of, add_command
from pipeline.contracts.settings import Settings


def add_run_report(commands: Any) -> None:
    """run-report."""
    report = add_command(commands, "run-report", "Write the page that tells a night's story, and its metrics", _report)
    add_as_of(report, "a night that was begun")
    report.add_argument("--run-key", help="where the date has several (default: the night's own)")


def _report(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.after_night import after_night
    from pipeline.steps.context import open_context
    from pipeline.steps.run_report import run_of
    from pipeline.store import layout

    context = open_context(settings)
    run = run_of(context, as_of=arguments.as_of, run_key=arguments.run_key)
    after_night(context, run=run)
    print(layout.run_page(settings.home, run.as_of, run.run_key))
