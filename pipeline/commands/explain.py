"""Commands that tell why a night is as it is: its report, and one practice's register in counts."""

import argparse
import json
from typing import Any

from pipeline.commands.command import add_as_of, add_command
from pipeline.contracts.settings import Settings


def add_run_report(commands: Any) -> None:
    """run-report."""
    report = add_command(commands, "run-report", "Write the page that tells a night's story, and its metrics", _report)
    add_as_of(report, "a night that was begun")
    report.add_argument("--run-key", help="where the date has several (default: the night's own)")


def add_explain(commands: Any) -> None:
    """explain."""
    explain = add_command(
        commands, "explain", "Why a run and a practice's register look as they do, in counts", _explain, writes=False
    )
    explain.add_argument("of", metavar="RUN", help="run key, or the as-of date of a night")
    explain.add_argument("practice", nargs="?", metavar="PRACTICE", help="code of one practice (default: all, by run)")
    explain.add_argument("--json", action="store_true", help="for machines")


def _explain(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.at_hand.context import open_context
    from pipeline.steps.tell.explain import as_text, explain

    told = explain(open_context(settings), run=arguments.of, practice_code=arguments.practice)
    print(json.dumps([vars(one) for one in told], indent=2) if arguments.json else "\n".join(as_text(told)))


def _report(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.at_hand.context import open_context
    from pipeline.steps.night.after_night import report_night
    from pipeline.steps.tell.run_report import run_of
    from pipeline.store import layout

    context = open_context(settings)
    run = run_of(context, as_of=arguments.as_of, run_key=arguments.run_key)
    report_night(context, run=run)
    print(layout.run_page(settings.home, run.as_of, run.run_key))
