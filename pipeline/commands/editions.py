"""Commands about what was published: which editions there are, and taking one back."""

import argparse
from typing import Any

from pipeline.commands.command import add_command
from pipeline.contracts.settings import Settings


def add_editions(commands: Any) -> None:
    """editions, recall."""
    listed = add_command(
        commands, "editions", "Which editions were published, and what became of each", _editions, writes=False
    )
    listed.add_argument("--code", help="one practice, network, borough or board (default: all)")

    recall = add_command(commands, "recall", "Take a published edition back (a person's act)", _recall)
    recall.add_argument("edition", help="edition id, as riskstrat editions names it")
    recall.add_argument("--who", required=True, help="who decides")
    recall.add_argument("--reason", required=True, help="why; its readers see it: nothing about a patient, no counts")


def _editions(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.at_hand.context import open_context
    from pipeline.steps.publish.recall import editions

    print("\n".join(editions(open_context(settings), code=arguments.code) or ["no edition was published yet"]))


def _recall(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.at_hand.context import open_context
    from pipeline.steps.publish.recall import recall

    done = recall(open_context(settings), edition_id=arguments.edition, who=arguments.who, reason=arguments.reason)
    told = done.recall
    said = (
        "recalled" if done.is_new else f"was recalled before, on {told.recalled_at.date()} by {told.who}: nothing new"
    )
    where = "RECALLED.txt lies beside its files" if done.has_notice else "its files are gone from the home"
    print(f"{told.edition_id} {said}; {where}")
