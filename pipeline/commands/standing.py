"""Commands that tell how things stand: the status, what watching found, the page over all senders, who moved
between need segments."""

import argparse
from datetime import date
from typing import Any

from pipeline.commands.command import add_as_of, add_command, print_counts
from pipeline.contracts.settings import Settings


def add_status(commands: Any) -> None:
    """status."""
    status = add_command(
        commands, "status", "Where things stand: exit 0 well, 1 needs a look, 2 not publishing", _status, writes=False
    )
    status.add_argument("--json", action="store_true", help="for machines")


def add_watch(commands: Any) -> None:
    """watch, publish-anyway."""
    watch = add_command(
        commands, "watch", "What watching found: churn, drift, whether older scores came true", _watch, writes=False
    )
    watch.add_argument("--as-of", type=date.fromisoformat, help="a night that has been watched; the latest without it")
    watch.add_argument("--json", action="store_true", help="for machines")
    anyway = add_command(
        commands, "publish-anyway", "Let a night whose scores are held be published (a person's act)", _publish_anyway
    )
    add_as_of(anyway, "the night that is held")
    anyway.add_argument("--who", required=True, help="who decides")
    anyway.add_argument("--reason", required=True, help="why, for the record")


def add_sources(commands: Any) -> None:
    """sources."""
    sources = add_command(commands, "sources", "Write the page over all senders and weeks", _sources)
    add_as_of(sources, "night up to whose cut-off it looks")


def add_transitions(commands: Any) -> None:
    """transitions."""
    moved = add_command(
        commands, "transitions", "Who moved between need segments since the last editions", _transitions, writes=False
    )
    add_as_of(moved, "a night that has been run")


def _status(arguments: argparse.Namespace, settings: Settings) -> int:
    from pipeline.steps.at_hand.context import open_context
    from pipeline.steps.tell.status import status
    from pipeline.steps.tell.status_words import told

    report = status(open_context(settings))
    print(report.as_json() if arguments.json else told(report))
    return report.exit_code


def _sources(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.at_hand.context import open_context
    from pipeline.steps.tell.sources_page import write_sources_page
    from pipeline.store import layout

    print_counts("sources", write_sources_page(open_context(settings), as_of=arguments.as_of).counts)
    print(layout.sources_page(settings.home))


def _watch(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.at_hand.context import open_context
    from pipeline.steps.watch.told import as_json, told

    context = open_context(settings)
    print(as_json(context, as_of=arguments.as_of) if arguments.json else told(context, as_of=arguments.as_of))


def _publish_anyway(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.at_hand.context import open_context
    from pipeline.steps.watch.notices import publish_anyway

    run = publish_anyway(open_context(settings), as_of=arguments.as_of, who=arguments.who, reason=arguments.reason)
    print(f"run {run.run_key} may be published: riskstrat nightly --as-of {arguments.as_of}")


def _transitions(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.at_hand.context import open_context
    from pipeline.steps.register.transitions import transitions

    print(transitions(open_context(settings), as_of=arguments.as_of))
