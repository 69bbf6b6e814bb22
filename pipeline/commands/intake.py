"""Commands that bring deliveries in: from the landing area to the event store, and a person's decisions about them."""

import argparse
from datetime import date
from typing import Any

from pipeline.commands.command import Run, add_command, print_counts
from pipeline.contracts.settings import Settings


def add_intake(commands: Any) -> None:
    """receive, validate, link, events."""

    receive = add_command(commands, "receive", "Pick up what lies in the landing area", _receive)
    receive.add_argument("--as-of", type=date.fromisoformat, help="only what was received before that night's cut-off")

    validate = add_command(commands, "validate", "Check received deliveries against their contracts", _validate)
    validate.add_argument("--delivery", help="one delivery id (default: all that wait)")

    add_command(commands, "link", "Find the person of each row; leave out those who dissent", _link)
    add_command(commands, "events", "Bring linked rows into the event store", _events)


def add_decisions(commands: Any) -> None:
    """accept, hold, release, refuse, originals."""
    for verb, meaning in (
        ("accept", "Use a delivery that a rule about the delivery as a whole refused (a person's act)"),
        ("hold", "Let no night use a delivery until it is released (a person's act)"),
        ("release", "Let nights use a delivery that was held (a person's act)"),
        ("refuse", "Let no night use a delivery from now on, though the rules accepted it (a person's act)"),
    ):
        decision = add_command(commands, verb, meaning, _overrule(verb))
        decision.add_argument("delivery", help="delivery id, as status and the supplier's report name it")
        decision.add_argument("--who", required=True, help="who decides")
        decision.add_argument("--reason", required=True, help="why, for the record; nothing about a patient")

    originals = add_command(commands, "originals", "Original files kept, and which are past their expiry", _originals)
    originals.add_argument("--delete-expired", action="store_true", help="delete the bytes of those that are past it")
    originals.add_argument("--who", help="who has them deleted; needed with --delete-expired")


def _receive(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.rules.times import intake_cut_off
    from pipeline.steps.at_hand.context import open_context
    from pipeline.steps.receive.receive import receive

    before = intake_cut_off(arguments.as_of) if arguments.as_of else None
    result = receive(open_context(settings), received_before=before)
    print(f"received {len(result.delivery_ids)}, duplicate {len(result.duplicates)}, refused {len(result.refused)}")
    for line in result.told():
        print(f"  {line}")


def _validate(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.at_hand.context import open_context
    from pipeline.steps.validate.validate import verdicts

    for told in verdicts(open_context(settings), delivery_id=arguments.delivery):
        print(told)


def _overrule(verb: str) -> Run:
    def run(arguments: argparse.Namespace, settings: Settings) -> None:
        from pipeline.steps.at_hand.context import open_context
        from pipeline.steps.validate.overrule import overrule

        context = open_context(settings)
        result = overrule(
            context, delivery_id=arguments.delivery, verb=verb, who=arguments.who, reason=arguments.reason
        )
        in_use = result.counts["editions_in_use"]
        print(f"{verb}: {arguments.delivery}; {in_use} editions in use rest on it")

    return run


def _originals(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.at_hand.context import open_context
    from pipeline.steps.receive.originals import delete_expired, originals

    context = open_context(settings)
    if arguments.delete_expired:
        print_counts("originals", delete_expired(context, who=arguments.who or "").counts)
    for line in originals(context).told():
        print(line)


def _link(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.at_hand.context import open_context
    from pipeline.steps.link.link import link

    print_counts("link", link(open_context(settings)).counts)


def _events(arguments: argparse.Namespace, settings: Settings) -> None:
    from pipeline.steps.at_hand.context import open_context
    from pipeline.steps.features.events import events

    print_counts("events", events(open_context(settings)).counts)
